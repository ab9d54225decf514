//! Secrets that are not there. What a variable holds is the business of the machine that runs, so for a check it is a
//! warning, where a start is refused.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader};

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    let Some(token) = subject.document.admin.as_ref().and_then(|admin| admin.token.as_ref()) else { return };
    if let Err(why) = token.resolve() {
        reader.report(Diagnostic::warning("no-secret", why, &token.span));
    }
}
