//! `250ms 5s 1m 8h 7d`

use std::time::Duration;

use super::{number_and_unit, read_as_text};
use crate::config::{Grammar, Text};

read_as_text!(
    Duration,
    "Duration",
    "a duration such as 5s",
    Grammar::Duration,
    "A length of time: a whole number and `ms`, `s`, `m`, `h` or `d`."
);

/// Ten years. Beyond it a deadline cannot be told from none, and clocks overflow.
const MOST: Duration = Duration::from_secs(3650 * 86_400);

impl Text for Duration {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((count, unit)) = number_and_unit(text) else { return Err(String::new()) };
        let meant = unit.trim().to_ascii_lowercase();
        if unit != meant && matches!(&*meant, "ms" | "s" | "h" | "d") {
            return Err(format!("write {count}{meant}"));
        }
        let seconds = match unit {
            "ms" => return bounded(Some(Duration::from_millis(count))),
            "s" => 1,
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            "" => return Err(format!("a duration needs its unit: {count}s or {count}ms?")),
            "sec" | "secs" | "second" | "seconds" => return Err(format!("write {count}s")),
            "min" | "mins" | "minute" | "minutes" | "M" => return Err(format!("write {count}m")),
            "hour" | "hours" => return Err(format!("write {count}h")),
            "day" | "days" => return Err(format!("write {count}d")),
            _ => return Err("one whole number and one unit: 250ms, 5s, 1m, 8h, 7d".into()),
        };
        bounded(count.checked_mul(seconds).map(Duration::from_secs))
    }
}

fn bounded(duration: Option<Duration>) -> Result<Duration, String> {
    duration.filter(|duration| *duration <= MOST).ok_or_else(|| "at most 3650d".into())
}
