//! Which fields may not come after the content, over whatever version (RFC 9110 6.5.1).

/// Fields that frame, route, modify or authenticate a request, control a response, or say how to take the content
/// (RFC 9110 6.5.1), and those by which proxies tell who sent it: all of them are acted on before a trailer can come.
/// Those of the connection are gone already.
pub fn is_forbidden(name: &str) -> bool {
    const PREFIXES: [&str; 6] = ["if-", "access-control-", "sec-", "x-forwarded-", "x-original-", "proxy-"];
    matches!(
        name,
        "accept-ranges"
            | "age"
            | "allow"
            | "authorization"
            | "cache-control"
            | "content-disposition"
            | "content-encoding"
            | "content-language"
            | "content-location"
            | "content-range"
            | "content-security-policy"
            | "content-type"
            | "cookie"
            | "date"
            | "expect"
            | "expires"
            | "forwarded"
            | "location"
            | "max-forwards"
            | "origin"
            | "pragma"
            | "range"
            | "retry-after"
            | "set-cookie"
            | "strict-transport-security"
            | "trailer"
            | "vary"
            | "via"
            | "warning"
            | "www-authenticate"
            | "x-http-method-override"
            | "x-real-ip"
            | "x-request-id"
            | "x-rewrite-url"
    ) || PREFIXES.iter().any(|p| name.starts_with(p))
}
