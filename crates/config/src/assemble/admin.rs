//! The admin address: what it must not be.

use crate::document::Document;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader};

/// Reports an admin address that anybody could use, or that is a listener's.
pub(super) fn check(document: &Document, reader: &mut Reader) {
    let Some(admin) = &document.admin else { return };
    let address = &admin.address;
    let tcp = address.tcp();
    if let Some(tcp) = tcp
        && !tcp.ip().is_loopback()
        && admin.token.is_none()
    {
        let message = format!("the admin address {tcp} is open to other machines, and wants no token");
        let help = "add `token: {env: NAME}` or `token: {file: PATH}`, or listen on 127.0.0.1 or a unix socket";
        reader.report(Diagnostic::error("open-admin", message, &address.span).help(help));
    }
    if tcp.is_some_and(|tcp| tcp.port() == 0) {
        return;
    }
    let listeners = document.listeners.iter().filter_map(Maybe::get).flat_map(|listener| listener.address.iter());
    for listener in listeners.filter(|listener| listener.value == address.value) {
        let message = format!("{} is listened on twice", address.value);
        let diagnostic = Diagnostic::error("same-address", message, &address.span);
        reader.report(diagnostic.also(&listener.span, "here as well").help("give `admin` an address of its own"));
    }
}
