//! The admin address: what it must not be, and its TLS.

use super::World;
use super::listeners::open_tls;
use crate::document::Document;
use crate::maybe::Maybe;
use pintle_core::config::{Diagnostic, Reader};
use pintle_engine::socket::Address;
use pintle_engine::tls::{Alpn, TlsListener};
use std::sync::Arc;

/// Makes the TLS of the admin address, files included: they are read here. Reports an address that anybody could use, or
/// that is a listener's.
pub(super) fn open(document: &Document, world: &World, reader: &mut Reader) -> Option<Arc<TlsListener>> {
    let admin = document.admin.as_ref()?;
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
    if !matches!(address.value, Address::AnyPort(..)) {
        let listeners = document.listeners.iter().filter_map(Maybe::get).flat_map(|listener| listener.address.iter());
        for listener in listeners.filter(|listener| listener.value == address.value) {
            let message = format!("{} is listened on twice", address.value);
            let diagnostic = Diagnostic::error("same-address", message, &address.span);
            reader.report(diagnostic.also(&listener.span, "here as well").help("give `admin` an address of its own"));
        }
    }
    let tls = admin.tls.as_ref()?;
    if tcp.is_none() {
        let message = "a unix socket is reached from this machine alone, and speaks no TLS here";
        let help = "leave `tls` out, or give `admin` an address such as 0.0.0.0:9900";
        reader.report(Diagnostic::error("tls-on-a-socket", message, &tls.span).help(help));
        return None;
    }
    open_tls(tls, Alpn::Http1, world, reader)
}
