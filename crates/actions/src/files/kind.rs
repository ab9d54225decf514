//! What type of content a file has, by the end of its name (RFC 9110 8.3). Nothing is guessed from what is in it.

use std::borrow::Cow;

/// Where `mime_guess` knows another type than what is registered, or none.
const OURS: &[(&str, &str)] = &[
    ("cjs", "text/javascript"),
    ("m3u8", "application/vnd.apple.mpegurl"),
    ("map", "application/json"),
    ("otf", "font/otf"),
    ("php", "application/octet-stream"),
    ("tgz", "application/gzip"),
    ("toml", "application/toml"),
    ("ts", "video/mp2t"),
    ("woff", "font/woff"),
    ("yaml", "application/yaml"),
    ("yml", "application/yaml"),
    ("zst", "application/zstd"),
];

/// What most files of a site are, whole: to look these up costs less than to compare them with all that there are.
const USUAL: &[(&str, &str)] = &[
    ("css", "text/css; charset=utf-8"),
    ("html", "text/html; charset=utf-8"),
    ("ico", "image/x-icon"),
    ("jpeg", "image/jpeg"),
    ("jpg", "image/jpeg"),
    ("js", "text/javascript; charset=utf-8"),
    ("json", "application/json"),
    ("mjs", "text/javascript; charset=utf-8"),
    ("png", "image/png"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
    ("webp", "image/webp"),
    ("woff2", "font/woff2"),
];

/// What nothing is known of: a client keeps it, and does not take it for a page.
const UNKNOWN: &str = "application/octet-stream";

/// The value of Content-Type for a file of this name; a text is UTF-8.
pub(super) fn of(name: &[u8]) -> Cow<'static, str> {
    let Some(extension) = extension(name) else { return UNKNOWN.into() };
    let listed =
        |list: &[(&str, &'static str)]| list.iter().find(|(known, _)| *known == extension).map(|(_, kind)| *kind);
    if let Some(usual) = listed(USUAL) {
        return usual.into();
    }
    match listed(OURS).or_else(|| mime_guess::from_ext(&extension).first_raw()) {
        Some(text) if text.starts_with("text/") => format!("{text}; charset=utf-8").into(),
        kind => kind.unwrap_or(UNKNOWN).into(),
    }
}

/// What stands behind the last dot of a name, in small letters.
fn extension(name: &[u8]) -> Option<Cow<'_, str>> {
    let last = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    let dot = last.iter().rposition(|&byte| byte == b'.').filter(|dot| *dot > 0)?;
    let extension = std::str::from_utf8(&last[dot + 1..]).ok()?;
    let has_capitals = extension.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if has_capitals { extension.to_ascii_lowercase().into() } else { extension.into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_name_says_the_type() {
        let cases = [
            ("a.html", "text/html; charset=utf-8"),
            ("a/b.CSS", "text/css; charset=utf-8"),
            ("app.3f2a.js", "text/javascript; charset=utf-8"),
            ("a.mjs", "text/javascript; charset=utf-8"),
            ("a.json", "application/json"),
            ("a.js.map", "application/json"),
            ("a.webmanifest", "application/manifest+json"),
            ("a.wasm", "application/wasm"),
            ("a.svg", "image/svg+xml"),
            ("a.avif", "image/avif"),
            ("a.webp", "image/webp"),
            ("a.woff2", "font/woff2"),
            ("a.woff", "font/woff"),
            ("robots.txt", "text/plain; charset=utf-8"),
            ("a.md", "text/markdown; charset=utf-8"),
            ("a.yml", "application/yaml"),
            ("a.tar.gz", "application/gzip"),
            ("a.mp4", "video/mp4"),
            ("a.pdf", "application/pdf"),
            ("a", UNKNOWN),
            ("a.d/b", UNKNOWN),
            (".html", UNKNOWN),
            ("a.", UNKNOWN),
            ("a.nothing", UNKNOWN),
        ];
        for (name, kind) in cases {
            assert_eq!(of(name.as_bytes()), kind, "{name}");
        }
        assert_eq!(of(b"a.\xff"), UNKNOWN);
    }

    #[test]
    fn our_own_list_is_in_order_and_no_longer_than_it_must_be() {
        assert!(OURS.is_sorted() && USUAL.is_sorted());
        for (extension, kind) in OURS {
            assert_ne!(mime_guess::from_ext(extension).first_raw(), Some(*kind), "{extension}");
        }
        for (extension, kind) in USUAL.iter().filter(|(extension, _)| *extension != "mjs") {
            let plain = kind.strip_suffix("; charset=utf-8").unwrap_or(kind);
            assert_eq!(mime_guess::from_ext(extension).first_raw(), Some(plain), "{extension}");
        }
    }
}
