//! Secrets that are not there. What a variable holds is the business of the machine that runs, so for a check it is a
//! warning, where a start is refused.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader};

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    let token = subject.document.admin.iter().filter_map(|admin| admin.token.as_ref());
    let otlp = subject.document.telemetry.traces.iter().filter_map(|traces| traces.otlp.as_ref());
    let fields = otlp.flat_map(|otlp| otlp.headers()).map(|(name, secret)| (secret, &name.span));
    let stores = subject.document.stores.shared.iter();
    let stores = stores.filter_map(|store| store.password().map(|password| (password, &store.span)));
    for (secret, span) in token.map(|token| (&token.value, &token.span)).chain(fields).chain(stores) {
        if let Err(why) = secret.resolve() {
            reader.report(Diagnostic::warning("no-secret", why, span));
        }
    }
}
