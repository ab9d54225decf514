//! `100/s 1000/min 20/h 5/d`

use std::fmt;
use std::num::NonZeroU32;
use std::time::Duration;

use super::{number_and_unit, read_as_text};
use crate::config::{Grammar, Text};

/// So many in a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rate {
    /// How many.
    pub count: NonZeroU32,
    /// In what time: a second, a minute, an hour or a day.
    pub per: Duration,
}

read_as_text!(
    Rate,
    "Rate",
    "a rate such as 100/s",
    Grammar::Rate,
    "So many in a time: a whole number of at least 1, and `/s`, `/min`, `/h` or `/d`."
);

impl Text for Rate {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((count, unit)) = number_and_unit(text) else { return Err(String::new()) };
        let seconds = match unit.trim_start() {
            "/s" => 1,
            "/min" => 60,
            "/h" => 3600,
            "/d" => 86_400,
            "" => return Err(format!("a rate needs its time: {count}/s, {count}/min, {count}/h or {count}/d?")),
            "/m" | "/minute" => return Err(format!("write {count}/min")),
            "/sec" | "/second" | "rps" | "r/s" => return Err(format!("write {count}/s")),
            "/hour" => return Err(format!("write {count}/h")),
            "/day" => return Err(format!("write {count}/d")),
            _ => return Err("one whole number and one time: 100/s, 1000/min, 20/h, 5/d".into()),
        };
        if unit.starts_with(' ') {
            return Err("without spaces: 100/s".into());
        }
        let count = u32::try_from(count).map_err(|_| format!("at most {}", u32::MAX))?;
        let count = NonZeroU32::new(count).ok_or("at least 1")?;
        Ok(Self { count, per: Duration::from_secs(seconds) })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = match self.per.as_secs() {
            1 => "s",
            60 => "min",
            3600 => "h",
            _ => "d",
        };
        write!(f, "{}/{unit}", self.count)
    }
}
