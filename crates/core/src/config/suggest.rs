//! "Did you mean …?"

/// The known name that is nearest to one that is unknown, if any is near enough to be a slip.
pub(super) fn nearest<'a>(unknown: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (unknown.chars().count() / 3).clamp(1, 3);
    let spelled = unknown.replace('-', "_").to_lowercase();
    known
        .into_iter()
        .map(|name| (strsim::osa_distance(&spelled, &name.replace('-', "_").to_lowercase()), name))
        .filter(|(distance, name)| *distance <= allowed && *distance < name.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// The names as a message lists them: `a`, `b`, `c`, not over 16.
pub(super) fn listed<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    const MOST: usize = 16;
    let names: Vec<&str> = names.into_iter().collect();
    let mut text = names.iter().take(MOST).map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    if names.len() > MOST {
        text.push_str(", …");
    }
    text
}

/// What a map is, as a message says where a key is not known: "a route", "an upstream's tls"; a key that is no word for
/// one thing stands for itself: "`limits`", "`access_log`".
pub(super) fn in_words(called: &str) -> String {
    let is_word = called.contains(' ') || !(called.ends_with('s') || called.contains('_'));
    match called.chars().next() {
        Some('`') => called.to_owned(),
        _ if !is_word => format!("`{called}`"),
        Some('a' | 'e' | 'i' | 'o' | 'u') => format!("an {called}"),
        _ => format!("a {called}"),
    }
}

/// Whether a key's value may be a secret, by the key's name. What has no meaning is shown in messages, and must not
/// be if it is a password under a key that was mistyped or is there twice.
pub(super) fn sounds_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "passw", "token", "key", "credential"].iter().any(|word| key.contains(word))
}
