//! A row of characters that shows how a value went over the last minute.

use std::time::Duration;

const SPAN: f64 = 60.0;
const UTF8: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const ASCII: [char; 8] = ['_', '.', ':', '-', '=', '+', '*', '#'];

/// Draws values, each with the end of its interval, the last one at the right edge. What is before the first is blank. Where
/// several fall into one character it shows the largest, so that no peak is lost.
pub(super) fn spark(values: &[(Duration, f64)], width: usize, utf8: bool) -> String {
    let levels = if utf8 { UTF8 } else { ASCII };
    let Some((end, _)) = values.last() else { return " ".repeat(width) };
    let most = values.iter().map(|(_, value)| *value).fold(0.0, f64::max);
    let age = |at: &Duration| end.saturating_sub(*at).as_secs_f64();
    let column = SPAN / width.max(1) as f64;
    let shown = |at: usize| {
        // Ages between which this character lies, the older one first.
        let (from, to) = ((width - at) as f64 * column, (width - at - 1) as f64 * column);
        let within = values.iter().filter(|(at, _)| age(at) < from && age(at) >= to).map(|(_, value)| *value);
        // An interval may be longer than a character is wide: the one that covers it ends after it.
        let covering = || values.iter().find(|(at, _)| age(at) < to).map(|(_, value)| *value);
        let value = within
            .reduce(f64::max)
            .or_else(|| covering().filter(|_| values.first().is_some_and(|(at, _)| age(at) > to)))?;
        let level = if most > 0.0 { (value / most * 7.0).ceil() as usize } else { 0 };
        Some(levels[level.min(7)])
    };
    (0..width).map(|at| shown(at).unwrap_or(' ')).collect()
}

#[cfg(test)]
mod tests {
    use super::spark;
    use std::time::Duration;

    fn values(values: &[(u64, f64)]) -> Vec<(Duration, f64)> {
        values.iter().map(|(at, value)| (Duration::from_secs(*at), *value)).collect()
    }

    #[test]
    fn the_newest_is_at_the_right_and_what_was_before_is_blank() {
        assert_eq!(spark(&values(&[(101, 7.0), (102, 0.0), (103, 1.0)]), 60, false).trim_start(), "#_.");
        assert_eq!(spark(&values(&[(101, 7.0), (102, 0.0), (103, 1.0)]), 60, true).trim_start(), "█▁▂");
        assert_eq!(spark(&[], 4, true), "    ");
        assert_eq!(spark(&values(&[(1, 0.0)]), 0, true), "");
    }

    #[test]
    fn no_peak_is_lost_and_no_interval_leaves_a_hole() {
        let minute: Vec<_> = (0..60).map(|at| (at, if at == 31 { 9.0 } else { 1.0 })).collect();
        let text = spark(&values(&minute), 10, false);
        assert!(text.contains('#') && !text.contains(' '), "{text:?}");
        let slow: Vec<_> = (0..7).map(|at| (at * 10, 1.0)).collect();
        assert!(!spark(&values(&slow), 60, false).contains(' '));
    }
}
