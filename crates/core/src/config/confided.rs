//! What must not be shown of a text, whatever the text is for: who asks, as URLs say it before an `@`. Knows nothing of
//! keys: what stands where a secret belongs is hidden by its place ([`Diagnostics::hide`](super::Diagnostics::hide)).

use std::borrow::Cow;
use std::ops::Range;

/// Whether a text is a URL that says who asks (RFC 3986 3.2.1).
pub(super) fn has_credentials(text: &str) -> bool {
    let authority = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    authority.is_some_and(|authority| authority.contains('@'))
}

/// The text without who asks: what a message may say.
pub(super) fn without_credentials(text: &str) -> Cow<'_, str> {
    if !text.contains('@') {
        return text.into();
    }
    let (mut shown, mut at) = (String::new(), 0);
    for range in credentials(text) {
        shown.push_str(&text[at..range.start]);
        shown.push('…');
        at = range.end;
    }
    shown.push_str(&text[at..]);
    shown.into()
}

/// Where a text says who asks: in each word, from behind `://`, or else behind a first colon, up to its last `@`. A password
/// may hold what has no place in a URL, such as a slash, and is one all the same: so this is rather too much than too little.
pub(super) fn credentials(text: &str) -> impl Iterator<Item = Range<usize>> + '_ {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | '<' | '>');
    let mut next = 0;
    text.split_inclusive(ends).filter_map(move |word| {
        let begin = next;
        next += word.len();
        let (before, _) = word.rsplit_once('@')?;
        let from = match before.find("://") {
            Some(at) => at + 3,
            None => before.find(':')? + 1,
        };
        (from < before.len()).then(|| begin + from..begin + before.len())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_left_out_wherever_a_url_stands() {
        for (text, shown) in [
            ("https://bob:hunter2@a.example/x", "https://…@a.example/x"),
            ("expected a URL, found `redis://:hunter2@a`", "expected a URL, found `redis://…@a`"),
            ("https://hunter2@a and http://b:hunter2@c", "https://…@a and http://…@c"),
            ("redis://:hun/ter?2@a", "redis://…@a"),
            ("bob:hunter2@127.0.0.1:80", "bob:…@127.0.0.1:80"),
            ("[{url: http://bob:h@unter2@a}]", "[{url: http://…@a}]"),
            ("https://a.example/x", "https://a.example/x"),
            ("ops@example.com", "ops@example.com"),
            ("at @ and :", "at @ and :"),
            ("é http://ö:ü@ä", "é http://…@ä"),
        ] {
            assert_eq!(without_credentials(text), shown);
        }
    }

    #[test]
    fn a_path_may_have_an_at() {
        assert!(!has_credentials("https://a.example/@scope?x=@#@"));
        assert!(has_credentials("https://bob@a.example/") && has_credentials("redis://:x@a"));
    }
}
