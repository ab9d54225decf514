//! Where a request of a batch leads: to the batch's own scheme, host and port, whatever form its URL has (RFC 3986 5,
//! OData JSON Format 4.01, 19.1). The path is normalised where every request's is.

use super::item::Around;
use pintle_core::{Reason, Refusal};

/// What begins with `$` and refers to no other request: the resources of OData itself.
const RESOURCES: [&str; 7] = ["$all", "$batch", "$crossjoin", "$entity", "$id", "$metadata", "$root"];

/// The path and query of a URL.
pub(super) fn resolve(url: &str, around: &Around) -> Result<String, Refusal> {
    let bad = |detail: &'static str| Err(Refusal::new(Reason::BadRequest).detail(detail));
    if url.contains('#') {
        return bad("The URL of a request has no fragment (RFC 9110 7.1).");
    }
    if let Some((scheme, rest)) = url.split_once(':').filter(|(scheme, _)| is_scheme(scheme)) {
        let Some(rest) = rest.strip_prefix("//") else {
            return bad(
                "The URL is neither one of this host nor a path. A path whose first segment has a colon begins with `/` or `./`.",
            );
        };
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        if !is_own(scheme, authority, around) {
            return bad("A batch reaches its own scheme, host and port, and no other.");
        }
        return Ok(if path.starts_with('/') { path.to_owned() } else { format!("/{path}") });
    }
    if url.starts_with("//") {
        return bad("A batch reaches its own scheme, host and port: the URL names a host alone.");
    }
    if url.starts_with('/') {
        return Ok(url.to_owned());
    }
    let segment = &url[..url.find(['/', '?', '(']).unwrap_or(url.len())];
    if segment.starts_with('$') && !RESOURCES.contains(&segment) {
        return bad("References to other requests of the batch (`$id`) are not done.");
    }
    let base = around.target.path();
    Ok(match url.as_bytes().first() {
        // The batch itself, with a query or without.
        None => around.target.path_and_query().to_owned(),
        Some(b'?') => format!("{base}{url}"),
        Some(_) => format!("{}{url}", &base[..=base.rfind('/').unwrap_or(0)]),
    })
}

/// RFC 3986 3.1.
fn is_scheme(text: &str) -> bool {
    let mut bytes = text.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic())
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'-' | b'.'))
}

/// Whether a URL's authority is the batch's own. User and password are in none.
fn is_own(scheme: &str, authority: &str, around: &Around) -> bool {
    let default = around.scheme.default_port();
    // A port stands behind the last colon, but for those within the brackets of an IPv6 address.
    let colon = authority.rfind(':').filter(|colon| !authority[*colon..].contains(']'));
    let (host, port) = match colon.map(|colon| (&authority[..colon], &authority[colon + 1..])) {
        None | Some((_, "")) => (authority.trim_end_matches(':'), Some(default)),
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => (host, port.parse().ok()),
        Some((host, _)) => (host, None),
    };
    scheme.eq_ignore_ascii_case(around.scheme.as_str())
        && !host.is_empty()
        && host.eq_ignore_ascii_case(around.target.host())
        && port == Some(around.target.port().unwrap_or(default))
}
