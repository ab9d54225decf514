//! What is spoken behind a handshake (RFC 7301).

use crate::runtime::ListenerProtocol;

/// What is agreed on by ALPN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Alpn {
    /// HTTP/2, else HTTP/1.1.
    Http,
    /// HTTP/1.1.
    Http1,
    /// Nothing: what is spoken behind is not known, and a client's offers are passed over.
    Nothing,
}

impl Alpn {
    /// What is offered, the preferred first.
    pub(super) const fn offers(self) -> &'static [&'static [u8]] {
        match self {
            Alpn::Http => &[b"h2", b"http/1.1"],
            Alpn::Http1 => &[b"http/1.1"],
            Alpn::Nothing => &[],
        }
    }
}

impl From<ListenerProtocol> for Alpn {
    fn from(protocol: ListenerProtocol) -> Self {
        match protocol {
            ListenerProtocol::Http => Alpn::Http,
            ListenerProtocol::Tcp => Alpn::Nothing,
        }
    }
}
