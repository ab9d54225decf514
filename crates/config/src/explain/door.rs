//! Which listener a request comes in by, and what the handshake there comes to.

use super::{Mistake, Question};
use pintle_core::exchange::Tls;
use pintle_engine::socket::Address;
use pintle_engine::{Listener, ListenerProtocol, Runtime};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// The listener, and why that one.
pub(super) fn find<'r>(runtime: &'r Runtime, question: &Question) -> Result<(&'r Arc<Listener>, String), Mistake> {
    let all: Vec<&Arc<Listener>> = runtime.listeners.iter().collect();
    if let Some(name) = &question.listener {
        let Some(&found) = all.iter().find(|listener| *listener.name == **name) else {
            return Err(Mistake::new(
                format!("there is no listener `{name}`"),
                format!("there are: {}", names(all.into_iter())),
            ));
        };
        if found.protocol == ListenerProtocol::Tcp {
            let help = "its routes are found by the server name alone: the one with that host, then the longest `*.` one, \
                        then any";
            return Err(Mistake::new(format!("`{name}` takes connections as they are, and reads no requests"), help));
        }
        let why = match (question.https, found.tls.is_some()) {
            (true, false) => "asked for; it has no TLS, so what it gets is http",
            (false, true) => "asked for; it speaks TLS alone, so what it gets is https",
            _ => "asked for",
        };
        return Ok((found, why.into()));
    }
    let (scheme, default) = if question.https { ("https", 443) } else { ("http", 80) };
    let all: Vec<_> = all.into_iter().filter(|listener| listener.protocol == ListenerProtocol::Http).collect();
    let by_scheme: Vec<&Arc<Listener>> =
        all.iter().copied().filter(|one| one.tls.is_some() == question.https).collect();
    let port = question.port().unwrap_or(default);
    let by_port: Vec<&Arc<Listener>> = by_scheme.iter().copied().filter(|one| listens(one, port, question)).collect();
    match (&by_port[..], &by_scheme[..]) {
        ([one], _) => return Ok((one, format!("it takes {scheme} on port {port}"))),
        // A port that nobody wrote may be another one's that sends on what it gets.
        ([], [one]) if question.port().is_none() => return Ok((one, format!("the only one for {scheme}"))),
        _ => {}
    }
    let which = if by_port.is_empty() { all } else { by_port };
    let what = match (which.len(), question.port()) {
        (0 | 1, Some(port)) => format!("no listener takes {scheme} on port {port}"),
        _ if by_scheme.is_empty() => format!("no listener takes {scheme}"),
        (_, Some(port)) => format!("no single listener takes {scheme} on port {port}"),
        (_, None) => format!("several listeners take {scheme}"),
    };
    Err(Mistake::new(what, format!("say by --listener which one is meant: {}", names(which.into_iter()))))
}

fn listens(listener: &Listener, port: u16, question: &Question) -> bool {
    listener.addresses.iter().any(|address| match address {
        Address::Tcp(tcp) => {
            let here = question.ip().is_none_or(|ip| tcp.ip().is_unspecified() || tcp.ip() == ip);
            tcp.port() == port && here
        }
        Address::AnyPort(..) => question.port().is_some(),
        Address::Unix(_) => false,
    })
}

fn names<'l>(listeners: impl Iterator<Item = &'l Arc<Listener>>) -> String {
    let shown = |listener: &Arc<Listener>| {
        let scheme = match (listener.protocol, listener.tls.is_some()) {
            (ListenerProtocol::Tcp, _) => "tcp",
            (ListenerProtocol::Http, true) => "https",
            (ListenerProtocol::Http, false) => "http",
        };
        let addresses: Vec<String> = listener.addresses.iter().map(ToString::to_string).collect();
        format!("`{}` ({scheme} on {})", listener.name, addresses.join(", "))
    };
    let shown: Vec<String> = listeners.map(shown).collect();
    shown.join(", ")
}

/// Who is at the other end; nobody with an address on a unix socket.
pub(super) fn peer(listener: &Listener, question: &Question) -> Option<SocketAddr> {
    let by_tcp = listener.addresses.iter().any(|address| address.tcp().is_some());
    question.from.or(by_tcp.then(|| SocketAddr::from((Ipv4Addr::LOCALHOST, 0))))
}

/// What the handshake comes to, where there is one; an inner error says why it would fail.
pub(super) fn handshake(listener: &Listener, question: &Question) -> Result<Result<Option<Arc<Tls>>, String>, Mistake> {
    let chain = certificates(question)?;
    let Some(tls) = &listener.tls else { return Ok(Ok(None)) };
    Ok(tls.rehearse(question.server_name().as_deref(), &chain).map(Some))
}

fn certificates(question: &Question) -> Result<Vec<CertificateDer<'static>>, Mistake> {
    let Some(text) = &question.client_certificate else { return Ok(Vec::new()) };
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text.as_bytes()).collect();
    let what = match found {
        Ok(found) if !found.is_empty() => return Ok(found),
        Ok(_) => "the client certificate holds no certificate".to_owned(),
        Err(error) => format!("the client certificate cannot be read: {error}"),
    };
    Err(Mistake::new(what, "it wants PEM, BEGIN CERTIFICATE"))
}
