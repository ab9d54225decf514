//! Time zones: `UTC`, a fixed offset, or a name of the system's database (RFC 9636), of which the file is read when the
//! configuration loads. What such a file does not say of the future is in the rules at its end (POSIX TZ).

use super::calendar::{date, days};
use std::path::Path;

const DAY: i64 = 86_400;

/// Where the system has its zones.
const FOLDER: &str = "/usr/share/zoneinfo";

/// A zone's file is a few KiB.
const MOST: u64 = 1 << 20;

/// What clocks show.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    /// When the offset changed, and to what, in order.
    changes: Box<[(i64, i64)]>,
    /// What held before the first.
    first: i64,
    /// What holds after the last, where that is not simply the last.
    rules: Option<Rules>,
}

/// Clocks that change each year by a rule, or never.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Rules {
    standard: i64,
    summer: Option<Summer>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Summer {
    offset: i64,
    begins: Change,
    ends: Change,
}

/// A day of a year, and the seconds after its midnight.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Change {
    day: Day,
    time: i64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Day {
    /// From 1, without 29 February.
    Julian(i64),
    /// From 0, with it.
    Zero(i64),
    /// The weekday's nth time in a month; 5 is the last.
    Month { month: i64, nth: i64, weekday: i64 },
}

impl Zone {
    /// That without an offset.
    pub(crate) fn utc() -> Self {
        Self::fixed(0)
    }

    fn fixed(offset: i64) -> Self {
        Zone { changes: Box::default(), first: offset, rules: None }
    }

    /// The zone of that name. Reads a file: not for a worker's thread.
    pub(crate) fn find(name: &str) -> Result<Self, String> {
        if name == "UTC" {
            return Ok(Self::utc());
        }
        if let Some(offset) = offset(name) {
            return Ok(Self::fixed(offset));
        }
        let is_name = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
        };
        if !name.split('/').all(is_name) {
            return Err("UTC, an offset such as +02:00, or a name such as Europe/Berlin".into());
        }
        let file = pintle_core::config::read_file(&Path::new(FOLDER).join(name), MOST)
            .map_err(|error| format!("{FOLDER} has no such zone here: {error}"))?;
        read(&file).ok_or_else(|| format!("{FOLDER}/{name} is no zone's file"))
    }

    /// The zone of rules alone.
    #[cfg(test)]
    pub(crate) fn of_rules(text: &str) -> Option<Self> {
        Some(Zone { rules: Some(rules(text)?), ..Self::utc() })
    }

    /// How far its clocks are ahead at that moment, in seconds.
    pub(crate) fn offset(&self, moment: i64) -> i64 {
        let after = self.changes.partition_point(|(at, _)| *at <= moment);
        match (&self.rules, after.checked_sub(1)) {
            (Some(rules), _) if after == self.changes.len() => rules.offset(moment),
            (_, Some(last)) => self.changes[last].1,
            (_, None) => self.first,
        }
    }
}

/// `+02:00`, `-0530`
fn offset(text: &str) -> Option<i64> {
    let (sign, rest) = match text.as_bytes().first()? {
        b'+' => (1, &text[1..]),
        b'-' => (-1, &text[1..]),
        _ => return None,
    };
    let digits = rest.replacen(':', "", 1);
    if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i64, i64) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
    (hours <= 18 && minutes < 60).then_some(sign * (hours * 3600 + minutes * 60))
}

/// Reads the 64-bit part of a TZif file, version 2 or later (RFC 9636 3.2).
fn read(file: &[u8]) -> Option<Zone> {
    let counts = |at: usize| -> Option<[usize; 6]> {
        let head = file.get(at..at + 44)?;
        (head.starts_with(b"TZif") && head[4] >= b'2').then_some(())?;
        let count =
            |place: usize| Some(u32::from_be_bytes(head[20 + place * 4..24 + place * 4].try_into().ok()?) as usize);
        Some([count(0)?, count(1)?, count(2)?, count(3)?, count(4)?, count(5)?])
    };
    let [utc, standard, leaps, times, types, names] = counts(0)?;
    let second = 44 + times * 5 + types * 6 + names + leaps * 8 + standard + utc;
    let [utc, standard, leaps, times, types, names] = counts(second)?;
    let at = second + 44;
    let number = |from: usize| Some(i64::from_be_bytes(file.get(from..from + 8)?.try_into().ok()?));
    let offsets = at + times * 9;
    let offset = |index: usize| {
        let from = offsets + index * 6;
        (index < types).then_some(())?;
        Some(i64::from(i32::from_be_bytes(file.get(from..from + 4)?.try_into().ok()?)))
    };
    let change = |index: usize| Some((number(at + index * 8)?, offset(*file.get(at + times * 8 + index)? as usize)?));
    let changes = (0..times).map(change).collect::<Option<Vec<_>>>()?;
    let end = offsets + types * 6 + names + leaps * 12 + standard + utc;
    let footer = file.get(end..)?.strip_prefix(b"\n")?;
    let footer = std::str::from_utf8(footer.split(|byte| *byte == b'\n').next()?).ok()?;
    let rules = if footer.is_empty() { None } else { Some(rules(footer)?) };
    changes.is_sorted().then_some(())?;
    Some(Zone { changes: changes.into(), first: offset(0)?, rules })
}

/// Reads `CET-1CEST,M3.5.0,M10.5.0/3`.
fn rules(text: &str) -> Option<Rules> {
    let mut rest = text;
    name(&mut rest)?;
    let standard = -time(&mut rest)?;
    if rest.is_empty() {
        return Some(Rules { standard, summer: None });
    }
    name(&mut rest)?;
    let offset = if rest.starts_with(',') { standard + 3600 } else { -time(&mut rest)? };
    let begins = change(&mut rest)?;
    let ends = change(&mut rest)?;
    rest.is_empty().then_some(Rules { standard, summer: Some(Summer { offset, begins, ends }) })
}

fn name(rest: &mut &str) -> Option<()> {
    let end = match rest.strip_prefix('<') {
        Some(quoted) => quoted.find('>')? + 2,
        None => rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len()),
    };
    *rest = rest.get(end..)?;
    (end > 2).then_some(())
}

fn whole(rest: &mut &str) -> Option<i64> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = rest[..end].parse().ok()?;
    *rest = &rest[end..];
    (number <= 400).then_some(number)
}

/// `-5:45`, in seconds.
fn time(rest: &mut &str) -> Option<i64> {
    let sign = if rest.starts_with('-') { -1 } else { 1 };
    *rest = rest.strip_prefix(['-', '+']).unwrap_or(rest);
    let mut sum = whole(rest)? * 3600;
    for unit in [60, 1] {
        if let Some(more) = rest.strip_prefix(':') {
            *rest = more;
            sum += whole(rest)? * unit;
        }
    }
    Some(sign * sum)
}

/// `,M3.5.0/2`
fn change(rest: &mut &str) -> Option<Change> {
    *rest = rest.strip_prefix(',')?;
    let day = if let Some(more) = rest.strip_prefix('J') {
        *rest = more;
        Day::Julian(whole(rest)?)
    } else if let Some(more) = rest.strip_prefix('M') {
        *rest = more;
        let month = whole(rest)?;
        *rest = rest.strip_prefix('.')?;
        let nth = whole(rest)?;
        *rest = rest.strip_prefix('.')?;
        let weekday = whole(rest)?;
        let sound = (1..=12).contains(&month) && (1..=5).contains(&nth) && weekday < 7;
        sound.then_some(Day::Month { month, nth, weekday })?
    } else {
        Day::Zero(whole(rest)?)
    };
    let time = match rest.strip_prefix('/') {
        Some(more) => {
            *rest = more;
            time(rest)?
        }
        None => 7200,
    };
    Some(Change { day, time })
}

impl Rules {
    fn offset(&self, moment: i64) -> i64 {
        let Some(Summer { offset, begins, ends }) = &self.summer else { return self.standard };
        let (year, ..) = date((moment + self.standard).div_euclid(DAY));
        let begins = begins.of(year) - self.standard;
        let ends = ends.of(year) - offset;
        let summer = match begins < ends {
            true => (begins..ends).contains(&moment),
            // South of the equator it lasts over the new year.
            false => !(ends..begins).contains(&moment),
        };
        if summer { *offset } else { self.standard }
    }
}

impl Change {
    /// When that is in a year, in the time that clocks show before it.
    fn of(&self, year: i64) -> i64 {
        let day = match self.day {
            Day::Zero(day) => days(year, 1, 1) + day,
            Day::Julian(day) => {
                let is_leap = days(year, 3, 1) - days(year, 2, 28) == 2;
                days(year, 1, 1) + day - 1 + i64::from(is_leap && day >= 60)
            }
            Day::Month { month, nth, weekday } => {
                let first = days(year, month, 1);
                let (next_year, next_month) = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                // 1 January 1970 was a Thursday.
                let to_weekday = (weekday - (first + 4)).rem_euclid(7);
                let day = first + to_weekday + 7 * (nth - 1);
                if day < days(next_year, next_month, 1) { day } else { day - 7 }
            }
        };
        day * DAY + self.time
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3600;

    fn at(year: i64, month: i64, day: i64) -> i64 {
        days(year, month, day) * DAY + 12 * HOUR
    }

    #[test]
    fn a_zone_is_an_offset_a_name_or_refused() {
        assert_eq!(Zone::find("UTC").map(|zone| zone.offset(0)), Ok(0));
        assert_eq!(Zone::find("+02:00").map(|zone| zone.offset(0)), Ok(2 * HOUR));
        assert_eq!(Zone::find("-0530").map(|zone| zone.offset(0)), Ok(-5 * HOUR - 1800));
        for wrong in ["", "+2", "+25:00", "../../etc/passwd", "/etc/localtime", "Europe/../UTC"] {
            assert!(Zone::find(wrong).is_err_and(|said| said.contains("Europe/Berlin")), "{wrong}");
        }
        assert!(Zone::find("Europe/Nowhere").is_err());
    }

    #[test]
    fn rules_say_when_clocks_change() {
        let of = |rules: &str, moment| Zone::of_rules(rules).expect("rules").offset(moment) / 60;
        let berlin = "CET-1CEST,M3.5.0,M10.5.0/3";
        assert_eq!((of(berlin, at(2026, 1, 1)), of(berlin, at(2026, 7, 1))), (60, 120));
        let change = days(2026, 3, 29) * DAY + HOUR;
        assert_eq!((of(berlin, change - 1), of(berlin, change)), (60, 120));
        let sydney = "AEST-10AEDT,M10.1.0,M4.1.0/3";
        assert_eq!((of(sydney, at(2026, 1, 1)), of(sydney, at(2026, 7, 1))), (660, 600));
        assert_eq!(of("<+0545>-5:45", 0), 345);
        assert_eq!(
            (of("AAA3BBB,J60/0,300/-1", at(2028, 2, 29)), of("AAA3BBB,J60/0,300/-1", at(2028, 3, 1))),
            (-180, -120)
        );
        for wrong in ["", "C", "CET", "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x"] {
            assert_eq!(rules(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_systems_own_zones_are_read() {
        // Where a machine has none there is nothing to read.
        for (name, winter, summer) in
            [("Europe/Berlin", 60, 120), ("America/New_York", -300, -240), ("Asia/Kolkata", 330, 330)]
        {
            let Ok(zone) = Zone::find(name) else { continue };
            for year in [2001, 2026, 2099] {
                let minutes = |month| zone.offset(at(year, month, 15)) / 60;
                assert_eq!((minutes(1), minutes(7)), (winter, summer), "{name} {year}");
            }
        }
    }

    #[test]
    fn no_file_makes_it_panic() {
        let mut random = fastrand::Rng::with_seed(3);
        let sound = std::fs::read("/usr/share/zoneinfo/Europe/Berlin").unwrap_or_else(|_| vec![0; 500]);
        for _ in 0..20_000 {
            let mut file = sound.clone();
            for _ in 0..random.usize(1..4) {
                let at = random.usize(..file.len());
                file[at] = random.u8(..);
            }
            file.truncate(random.usize(..=sound.len()));
            if let Some(zone) = read(&file) {
                zone.offset(random.i64(-1 << 33..1 << 34));
            }
        }
    }
}
