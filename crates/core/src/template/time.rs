//! Points in time and spans of it, in the proleptic Gregorian calendar, without a table of time zones.

use std::fmt;

use super::budget::Budget;
use super::fault::Reason;
use super::functions::Signature;
use super::value::Value;

/// A point in time: seconds since 1970, and nanoseconds into the second. Between the years 1 and 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp {
    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub seconds: i64,
    /// What is left, below 1,000,000,000.
    pub nanos: u32,
}

const FIRST: i64 = -62_135_596_800;
const LAST: i64 = 253_402_300_799;
const SECOND: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

impl Timestamp {
    /// `None` outside of the years 1 to 9999.
    pub fn new(seconds: i64, nanos: u32) -> Option<Timestamp> {
        ((FIRST..=LAST).contains(&seconds) && nanos < 1_000_000_000).then_some(Timestamp { seconds, nanos })
    }

    /// RFC 3339, such as `2026-01-31T12:00:00.5+01:00`.
    pub fn parse(text: &str) -> Option<Timestamp> {
        let digits = |range: std::ops::Range<usize>| -> Option<i64> {
            let part = text.get(range)?;
            part.bytes().all(|b| b.is_ascii_digit()).then(|| part.parse().ok())?
        };
        let (year, month, day) = (digits(0..4)?, digits(5..7)?, digits(8..10)?);
        let (hour, minute, second) = (digits(11..13)?, digits(14..16)?, digits(17..19)?);
        for (at, any) in [(4, "-"), (7, "-"), (10, "Tt "), (13, ":"), (16, ":")] {
            text.get(at..at + 1).filter(|found| any.contains(*found))?;
        }
        let fits = (1..=12).contains(&month) && (1..=days_in(year, month)).contains(&day) && hour < 24;
        if !fits || minute > 59 || second > 59 {
            return None;
        }
        let rest = text.get(19..)?;
        let fraction = match rest.strip_prefix('.') {
            Some(rest) => &rest[..rest.find(|c: char| !c.is_ascii_digit())?],
            None => "",
        };
        let zone = &rest[fraction.len() + usize::from(rest.starts_with('.'))..];
        if rest.starts_with('.') && (fraction.is_empty() || fraction.len() > 9) {
            return None;
        }
        let nanos = format!("{fraction:0<9}").parse().ok()?;
        let offset = if zone == "Z" || zone == "z" { 0 } else { offset(zone).filter(|_| zone.len() == 6)? };
        let seconds = days_from(year, month, day) * DAY + hour * 3600 + minute * 60 + second - offset;
        Timestamp::new(seconds, nanos)
    }

    fn nanos(self) -> i128 {
        i128::from(self.seconds) * SECOND + i128::from(self.nanos)
    }

    fn of_nanos(nanos: i128) -> Option<Timestamp> {
        let seconds = i64::try_from(nanos.div_euclid(SECOND)).ok()?;
        Timestamp::new(seconds, nanos.rem_euclid(SECOND) as u32)
    }

    pub(super) fn plus(self, duration: i128) -> Option<Timestamp> {
        Timestamp::of_nanos(self.nanos() + duration)
    }

    /// From `earlier` to this one, in nanoseconds.
    pub(super) fn since(self, earlier: Timestamp) -> Option<i64> {
        i64::try_from(self.nanos() - earlier.nanos()).ok()
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = date_of(self.seconds.div_euclid(DAY));
        let second = self.seconds.rem_euclid(DAY);
        let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
        write!(f, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}")?;
        write_fraction(f, self.nanos)?;
        f.write_str("Z")
    }
}

fn write_fraction(f: &mut impl fmt::Write, nanos: u32) -> fmt::Result {
    match nanos {
        0 => Ok(()),
        nanos => write!(f, ".{}", format!("{nanos:09}").trim_end_matches('0')),
    }
}

/// A duration as CEL's `string()` gives it: seconds, such as `1.5s`.
pub(super) fn write_duration(out: &mut String, nanos: i64) -> fmt::Result {
    use fmt::Write;
    let amount = nanos.unsigned_abs();
    write!(out, "{}{}", if nanos < 0 { "-" } else { "" }, amount / 1_000_000_000)?;
    write_fraction(out, (amount % 1_000_000_000) as u32)?;
    out.write_str("s")
}

/// `1h30m`, `1.5s`, `-2ms`: nanoseconds.
pub(super) fn parse_duration(text: &str) -> Option<i64> {
    const UNITS: [(&str, i128); 7] = [
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("ms", 1_000_000),
        ("h", 3_600 * SECOND),
        ("m", 60 * SECOND),
        ("s", SECOND),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (whole, fraction) = rest[..end].split_once('.').unwrap_or((&rest[..end], ""));
        if whole.len() + fraction.len() == 0 || fraction.contains('.') || whole.len() > 20 {
            return None;
        }
        let (name, unit) = UNITS.iter().find(|(name, _)| rest[end..].starts_with(name))?;
        let fraction = &fraction[..fraction.len().min(15)];
        let tenth = 10i128.pow(fraction.len() as u32);
        let parse = |digits: &str| if digits.is_empty() { Some(0) } else { digits.parse::<i128>().ok() };
        total += parse(whole)? * unit + parse(fraction)? * unit / tenth;
        rest = &rest[end + name.len()..];
    }
    if text.trim_start_matches(['-', '+']).is_empty() {
        return None;
    }
    i64::try_from(sign * total).ok()
}

/// `+02:00`, `-0530` has no colon and is none.
fn offset(zone: &str) -> Option<i64> {
    let (sign, rest) = match zone.as_bytes().first()? {
        b'-' => (-1, &zone[1..]),
        b'+' => (1, &zone[1..]),
        _ => (1, zone),
    };
    let (hours, minutes) = rest.split_once(':')?;
    let digits =
        |part: &str| (part.len() == 2 && part.bytes().all(|b| b.is_ascii_digit())).then(|| part.parse::<i64>().ok())?;
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Days since 1970-01-01. (Howard Hinnant's `days_from_civil`.)
fn days_from(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month from 1, day from 1.
fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day = days.rem_euclid(146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

fn days_in(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `getHours` and the like.
pub(super) fn field<'a>(signature: &Signature, args: &mut [Value<'a>], _: &mut Budget) -> Result<Value<'a>, Reason> {
    let zone = match args.get(1) {
        Some(Value::Text(zone)) if matches!(zone.as_ref(), "UTC" | "Z" | "") => Some(0),
        Some(Value::Text(zone)) => offset(zone),
        _ => Some(0),
    };
    let zone = zone.ok_or("a time zone is `UTC` or an offset such as +02:00")?;
    Ok(Value::Int(match &args[0] {
        Value::Timestamp(time) => of_time(signature.name, *time, zone),
        Value::Duration(nanos) => match signature.name {
            "getHours" => nanos / 3_600_000_000_000,
            "getMinutes" => nanos / 60_000_000_000,
            "getSeconds" => nanos / 1_000_000_000,
            _ => nanos / 1_000_000 % 1_000,
        },
        _ => return Err("a time is missing here".into()),
    }))
}

fn of_time(name: &str, time: Timestamp, zone: i64) -> i64 {
    let local = time.seconds + zone;
    let (days, second) = (local.div_euclid(DAY), local.rem_euclid(DAY));
    let (year, month, day) = date_of(days);
    match name {
        "getFullYear" => year,
        "getMonth" => month - 1,
        "getDate" => day,
        "getDayOfMonth" => day - 1,
        "getDayOfWeek" => (days + 4).rem_euclid(7),
        "getDayOfYear" => days - days_from(year, 1, 1),
        "getHours" => second / 3600,
        "getMinutes" => second / 60 % 60,
        "getSeconds" => second % 60,
        _ => i64::from(time.nanos / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_and_written() {
        for (text, seconds, nanos, again) in [
            ("1970-01-01T00:00:00Z", 0, 0, "1970-01-01T00:00:00Z"),
            ("2000-02-29T23:59:59.5Z", 951_868_799, 500_000_000, "2000-02-29T23:59:59.5Z"),
            ("2026-11-23T12:00:00+02:00", 1_795_428_000, 0, "2026-11-23T10:00:00Z"),
            ("0001-01-01T00:00:00Z", FIRST, 0, "0001-01-01T00:00:00Z"),
            ("9999-12-31T23:59:59.999999999Z", LAST, 999_999_999, "9999-12-31T23:59:59.999999999Z"),
            ("1969-12-31T23:59:59.25Z", -1, 250_000_000, "1969-12-31T23:59:59.25Z"),
        ] {
            let time = Timestamp::parse(text).expect(text);
            assert_eq!((time.seconds, time.nanos), (seconds, nanos), "{text}");
            assert_eq!(time.to_string(), again);
        }
        for text in [
            "",
            "2026",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00+2:00",
            "10000-01-01T00:00:00Z",
            "2026-01-01T00:00:00.1",
            "2026-1-01T00:00:00Z",
            "ä026-01-01T00:00:00Z",
            "0000-01-01T00:00:00Z",
            "0001-01-01T00:00:00+01:00",
        ] {
            assert_eq!(Timestamp::parse(text), None, "{text}");
        }
    }

    #[test]
    fn every_day_of_800_years_comes_back() {
        for days in -146_097..146_097 {
            let (year, month, day) = date_of(days);
            assert_eq!(days_from(year, month, day), days);
        }
    }

    #[test]
    fn durations_are_read_and_written() {
        for (text, again) in [
            ("1h30m", "5400s"),
            ("1.5s", "1.5s"),
            ("-2ms", "-0.002s"),
            ("0", "0s"),
            ("1us", "0.000001s"),
            (".5s", "0.5s"),
            ("-1h0m1s", "-3601s"),
            ("9223372036854775807ns", "9223372036.854775807s"),
        ] {
            let mut out = String::new();
            write_duration(&mut out, parse_duration(text).expect(text)).expect("a String takes all");
            assert_eq!(out, again, "{text}");
        }
        for text in
            ["", "-", "1", "s", "1x", "1.1.1s", ".s", "1 s", "9223372036854775808ns", "99999999999999999999999h"]
        {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}
