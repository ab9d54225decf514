//! A listener for TCP that no route belongs to: it closes all that comes.

use super::Subject;
use pintle_core::config::{Diagnostic, Reader};
use pintle_engine::ListenerProtocol;

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    for (number, listener) in subject.outline.listeners.iter().enumerate() {
        let is_used = subject.outline.routes.iter().any(|route| route.is_on(number as u32));
        if listener.protocol == ListenerProtocol::Tcp && !is_used {
            let message = "no route belongs to this listener: it closes every connection";
            let help = "add one with `tunnel`, or remove the listener";
            reader.report(Diagnostic::warning("unused-listener", message, &listener.span).help(help));
        }
    }
}
