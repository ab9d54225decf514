//! Who may ask what.
//!
//! A loopback port is not private: a web page can reach it by DNS rebinding, and can send to it what it may not read. So the
//! Host must be an address, `localhost` or a name that the operator has given, what changes something must come from no
//! other site's page, and it wants the token or a unix socket.

use crate::call::Call;
use crate::control::Access;
use crate::operation::Who;
use crate::trouble::{CROSS_SITE, MISDIRECTED, NO_CHANGES, NO_TOKEN, Trouble, WRONG_TOKEN};
use pintle_core::names;
use pintle_http1::Host;
use std::net::IpAddr;

/// Whether a call came to somebody whom it may mean. Asked before anything else.
pub(crate) fn meant(access: &Access, call: &Call<'_>) -> Result<(), Trouble> {
    if access.is_unix || call.host.is_some_and(|host| is_ours(host, &access.hosts)) {
        return Ok(());
    }
    let detail = "ask by address, as localhost, or by a name of `admin.hosts`: another name could be a web page's";
    Err(Trouble::new(MISDIRECTED, detail))
}

/// Whether a caller may do what it asks for; the name of the token that it showed, if it was the right one.
pub(crate) fn permit(access: &Access, call: &Call<'_>, who: Who, tls: bool) -> Result<Option<String>, Trouble> {
    if who == Who::Writer && is_cross_site(call, tls) {
        let detail = "the request says that a page of another site sent it (`Origin`, `Sec-Fetch-Site`)";
        return Err(Trouble::new(CROSS_SITE, detail));
    }
    let shown = shows(access, call);
    let free = match who {
        Who::Anyone => true,
        Who::Reader => access.is_unix || access.open,
        Who::Writer => access.is_unix,
    };
    match (shown, &access.token) {
        (Shown::Right, Some(token)) => Ok(Some(token.name.clone())),
        _ if free => Ok(None),
        (_, None) => {
            let detail =
                "set `admin.token`, or use a unix socket as `admin.address`: a port on loopback is open to every page";
            Err(Trouble::new(NO_CHANGES, detail))
        }
        (shown, Some(_)) => {
            let (kind, detail) = match shown {
                Shown::Nothing => (NO_TOKEN, "show the token: `authorization: Bearer …`"),
                Shown::Wrong | Shown::Right => (WRONG_TOKEN, "what you show in `authorization` is not the token"),
            };
            Err(Trouble::new(kind, detail).field(names::WWW_AUTHENTICATE, "Bearer"))
        }
    }
}

enum Shown {
    Nothing,
    Wrong,
    Right,
}

fn shows(access: &Access, call: &Call<'_>) -> Shown {
    let mut all = call.fields.get_all(names::AUTHORIZATION);
    let (Some(shown), None) = (all.next(), all.next()) else {
        return if call.fields.contains(names::AUTHORIZATION) { Shown::Wrong } else { Shown::Nothing };
    };
    let bearer = shown.split_at_checked(7).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer "));
    match (bearer, &access.token) {
        (Some((_, shown)), Some(token)) if token.secret.equals(shown.trim_ascii()) => Shown::Right,
        _ => Shown::Wrong,
    }
}

/// Whether the Host is an address, `localhost`, or one of these names; its port is not looked at, as there may be a tunnel.
fn is_ours(host: &Host, names: &[String]) -> bool {
    let host = host.host();
    let bare = match host.strip_prefix('[') {
        Some(inner) => inner.strip_suffix(']').unwrap_or(inner),
        None => host,
    };
    if bare.parse::<IpAddr>().is_ok() {
        return true;
    }
    // A name may end in the dot of the root (RFC 1034 3.1).
    let name = host.strip_suffix('.').unwrap_or(host);
    name == "localhost" || names.iter().any(|ours| ours == name)
}

/// Whether a browser says that a page of another site asks. Browsers always say so by `Origin` where a method changes
/// something (Fetch 3.1), and other callers say nothing.
fn is_cross_site(call: &Call<'_>, tls: bool) -> bool {
    let foreign_fetch =
        call.fields.get_all("sec-fetch-site").any(|site| !matches!(site.trim_ascii(), b"same-origin" | b"none"));
    let foreign_origin = call.fields.get_all(names::ORIGIN).any(|origin| !is_own_origin(origin, call.host, tls));
    foreign_fetch || foreign_origin
}

fn is_own_origin(origin: &[u8], host: Option<&Host>, tls: bool) -> bool {
    let (scheme, default) = if tls { (&b"https://"[..], 443) } else { (&b"http://"[..], 80) };
    let origin = origin.trim_ascii().strip_prefix(scheme).and_then(Host::parse);
    origin.zip(host).is_some_and(|(origin, host)| origin.same(host, default))
}

#[cfg(test)]
mod tests;
