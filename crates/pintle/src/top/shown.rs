//! Texts that may be shown: names that came over a wire, and numbers in few characters.

use super::quantile::Quantile;
use std::time::Duration;

/// A name in one line. What moves the cursor, changes a terminal or turns the direction of writing is no part of it.
pub(super) fn name(text: &str) -> String {
    text.chars().map(|c| if is_odd(c) { '\u{fffd}' } else { c }).collect()
}

/// The same for messages, which have lines.
pub(super) fn lines(text: &str) -> String {
    text.chars().map(|c| if c != '\n' && is_odd(c) { '\u{fffd}' } else { c }).collect()
}

fn is_odd(c: char) -> bool {
    // Of format characters those that hide text or turn its direction.
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// A word as a shell takes it for one.
pub(super) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

/// Something a second, in at most six characters.
pub(super) fn rate(value: f64) -> String {
    match value {
        0.0 => "0".into(),
        _ if value < 0.01 => "<0.01".into(),
        _ if value < 9.995 => format!("{value:.2}"),
        _ if value < 99.95 => format!("{value:.1}"),
        _ if value < 99_999.5 => format!("{value:.0}"),
        _ if value < 9_999_500.0 => format!("{:.0}k", value / 1e3),
        _ => format!("{:.0}M", value / 1e6),
    }
}

/// A share in percent, in at most six characters.
pub(super) fn share(value: f64) -> String {
    match value * 100.0 {
        0.0 => "0%".into(),
        percent if percent < 0.01 => "<0.01%".into(),
        percent if percent < 9.995 => format!("{percent:.2}%"),
        percent if percent < 99.95 => format!("{percent:.1}%"),
        percent => format!("{percent:.0}%"),
    }
}

/// A duration that requests take, in at most six characters.
pub(super) fn took(quantile: Option<Quantile>) -> String {
    match quantile {
        None => "-".into(),
        Some(Quantile::Over(bound)) => format!(">{}", span(bound)),
        Some(Quantile::At(time)) => {
            let micros = time.as_secs_f64() * 1e6;
            match micros {
                _ if micros < 999.5 => format!("{micros:.0}us"),
                _ if micros < 9_995.0 => format!("{:.2}ms", micros / 1e3),
                _ if micros < 99_950.0 => format!("{:.1}ms", micros / 1e3),
                _ if micros < 999_500.0 => format!("{:.0}ms", micros / 1e3),
                _ => format!("{:.2}s", micros / 1e6),
            }
        }
    }
}

/// A length of time by its largest unit, in whole numbers, such as `2s`.
pub(super) fn span(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    match seconds {
        _ if seconds < 0.95 => format!("{:.0}ms", seconds * 1e3),
        _ if seconds < 119.5 => format!("{seconds:.0}s"),
        _ if seconds < 7_170.0 => format!("{:.0}m", seconds / 60.0),
        _ => format!("{:.0}h", seconds / 3600.0),
    }
}

/// A length of time by its two largest units, such as `3h 12m`.
pub(super) fn age(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..60 => format!("{seconds}s"),
        60..3_600 => format!("{}m {}s", seconds / 60, seconds % 60),
        3_600..86_400 => format!("{}h {}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d {}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// Bytes, in at most eight characters.
pub(super) fn bytes(count: u64) -> String {
    const MIB: f64 = 1_048_576.0;
    let mib = count as f64 / MIB;
    if mib < 1023.5 { format!("{mib:.0} MiB") } else { format!("{:.1} GiB", mib / 1024.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_bring_nothing_that_a_terminal_obeys() {
        assert_eq!(name("a\u{1b}[2Jb\n\u{9b}c"), "a\u{fffd}[2Jb\u{fffd}\u{fffd}c");
        assert_eq!(name("x\u{202e}y\u{200b}"), "x\u{fffd}y\u{fffd}");
        assert_eq!(lines("a\nb\r"), "a\nb\u{fffd}");
        assert_eq!(name("größe/{id} 日本"), "größe/{id} 日本");
    }

    #[test]
    fn words_are_quoted_for_a_shell() {
        assert_eq!(quoted("orders/list"), "orders/list");
        assert_eq!(quoted("GET /a/{b}"), "'GET /a/{b}'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn numbers_keep_to_their_width() {
        for value in [0.0, 0.004, 0.5, 9.99, 9.996, 42.25, 99.96, 1234.0, 99_999.0, 123_456.0, 9_999_499.0, 4.2e7] {
            assert!(rate(value).len() <= 6, "{}", rate(value));
        }
        for value in [0.0, 0.00001, 0.004, 0.0999, 0.5, 0.9999, 1.0] {
            assert!(share(value).len() <= 6, "{}", share(value));
        }
        for micros in [0, 7, 999, 1_000, 9_999, 99_999, 999_999, 1_000_000, 59_999_999] {
            let text = took(Some(Quantile::At(Duration::from_micros(micros))));
            assert!(text.len() <= 6, "{text}");
        }
        assert_eq!(took(Some(Quantile::Over(Duration::from_secs(60)))), ">60s");
        assert_eq!((rate(1234.0), share(0.015), took(None)), ("1234".into(), "1.50%".into(), "-".into()));
    }

    #[test]
    fn times_are_told_by_their_largest_units() {
        assert_eq!(span(Duration::from_millis(200)), "200ms");
        assert_eq!(span(Duration::from_millis(1004)), "1s");
        assert_eq!(span(Duration::from_secs(60)), "60s");
        assert_eq!(span(Duration::from_secs(600)), "10m");
        assert_eq!(age(Duration::from_secs(11_520)), "3h 12m");
        assert_eq!((bytes(45 << 20), bytes(3 << 30)), ("45 MiB".into(), "3.0 GiB".into()));
    }
}
