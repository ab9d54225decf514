//! Which site a request comes from, by what browsers tell of it: `Sec-Fetch-Site` (Fetch Metadata), without it `Origin` (RFC 6454
//! 7), without both `Referer`. One reading for `csrf` and for the logout of `oidc`. Knows nothing of what is refused for it.

use crate::origin::Origin;
use pintle_core::{Exchange, Fields, names};

/// Where a request comes from.
pub(crate) enum Sender {
    /// A page of this very origin or of one that is listed, or the user's own doing.
    Own,
    /// A page of another origin of the same site.
    SameSite,
    /// A page of another site, or nobody can tell which: why, for the operator.
    Other(String),
    /// No browser of these years, which would have said.
    Unknown,
}

const SEC_FETCH_SITE: &str = "sec-fetch-site";

impl Sender {
    /// Who sends a request, where these origins count as its own. A field that is there twice says nothing: a service behind could
    /// take the other one.
    pub(crate) fn of(exchange: &Exchange, listed: &[Origin]) -> Self {
        match Sender::read(exchange, listed) {
            Ok(sender) => sender,
            Err(why) => Sender::Other(why),
        }
    }

    fn read(exchange: &Exchange, listed: &[Origin]) -> Result<Self, String> {
        let fields = &exchange.request.fields;
        let origin = only(fields, names::ORIGIN.as_str())?;
        let site = only(fields, SEC_FETCH_SITE)?;
        if origin.is_some_and(|origin| listed.iter().any(|one| one.is(origin))) {
            return Ok(Sender::Own);
        }
        match (site, origin) {
            (Some(b"same-origin" | b"none"), _) => Ok(Sender::Own),
            (Some(b"same-site"), _) => Ok(Sender::SameSite),
            (Some(site), _) => Err(format!("sec-fetch-site is {:?}", text(site))),
            (None, Some(origin)) => judged(exchange, origin, "origin"),
            (None, None) => match only(fields, "referer")?.and_then(origin_of) {
                Some(origin) => judged(exchange, origin, "referer"),
                None => Ok(Sender::Unknown),
            },
        }
    }
}

fn judged(exchange: &Exchange, origin: &[u8], of: &str) -> Result<Sender, String> {
    match is_own(origin, exchange) {
        true => Ok(Sender::Own),
        false => Err(format!("the {of} {:?} is not the host that was asked", text(origin))),
    }
}

/// The one value of a field.
fn only<'f>(fields: &'f Fields, name: &str) -> Result<Option<&'f [u8]>, String> {
    let mut all = fields.get_all(name);
    match (all.next(), all.next()) {
        (_, Some(_)) => Err(format!("there are several fields {name}")),
        (one, None) => Ok(one),
    }
}

/// The origin of a page by its URL; none of what is no URL, such as `about:blank`.
fn origin_of(url: &[u8]) -> Option<&[u8]> {
    let start = url.windows(3).position(|bytes| bytes == b"://")? + 3;
    let end = url[start..].iter().position(|byte| matches!(byte, b'/' | b'?' | b'#'));
    Some(end.map_or(url, |end| &url[..start + end]))
}

/// Whether an origin has the host and the port that the request is for. The scheme is not compared: where TLS ended before
/// the gateway, it is not what the browser had.
fn is_own(origin: &[u8], exchange: &Exchange) -> bool {
    let Some((scheme, host)) = std::str::from_utf8(origin).ok().and_then(|origin| origin.split_once("://")) else {
        return false;
    };
    let own = exchange.request.target.authority();
    let port = match scheme {
        "https" => ":443",
        "http" => ":80",
        _ => return false,
    };
    // Browsers leave the scheme's own port out of both; other clients may write it into the Host.
    !own.is_empty() && own.strip_suffix(port).unwrap_or(own).eq_ignore_ascii_case(host)
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}
