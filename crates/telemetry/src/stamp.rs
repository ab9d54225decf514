//! Times as logs write them, always in UTC. The date is worked out once a second.

use std::time::{SystemTime, UNIX_EPOCH};

/// The last second of the year 9999: RFC 3339 has four digits for a year.
const LAST_SECOND: u64 = 253_402_300_799;
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// `2026-11-23T18:30:00Z`.
pub fn utc(time: SystemTime) -> String {
    let stamp = *Stamp::new().rfc3339(time);
    format!("{}Z", String::from_utf8_lossy(&stamp[..19]))
}

/// Writes times, and remembers the second that it wrote last.
pub(crate) struct Stamp {
    second: u64,
    rfc3339: [u8; 24],
    common: [u8; 26],
}

impl Stamp {
    /// A stamp that has written nothing yet.
    pub(crate) fn new() -> Self {
        let mut stamp =
            Stamp { second: 0, rfc3339: *b"0000-00-00T00:00:00.000Z", common: *b"00/Jan/0000:00:00:00 +0000" };
        stamp.turn_to(0);
        stamp
    }

    /// `2026-11-23T18:30:00.123Z` (RFC 3339 5.6).
    pub(crate) fn rfc3339(&mut self, time: SystemTime) -> &[u8; 24] {
        let millis = self.advance(time);
        digits(&mut self.rfc3339[20..23], millis);
        &self.rfc3339
    }

    /// `23/Nov/2026:18:30:00 +0000`, as the common log format has it.
    pub(crate) fn common(&mut self, time: SystemTime) -> &[u8; 26] {
        self.advance(time);
        &self.common
    }

    /// Brings the texts to the time's second and returns the milliseconds in it. A time before 1970 is 1970.
    fn advance(&mut self, time: SystemTime) -> u32 {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        let second = since.as_secs().min(LAST_SECOND);
        if second != self.second {
            self.turn_to(second);
        }
        since.subsec_millis()
    }

    fn turn_to(&mut self, second: u64) {
        self.second = second;
        let (year, month, day) = civil(second / 86_400);
        let of_day = (second % 86_400) as u32;
        let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
        let places = [(0..4, year), (5..7, month), (8..10, day), (11..13, hour), (14..16, minute), (17..19, second)];
        for (range, value) in places {
            digits(&mut self.rfc3339[range], value);
        }
        let places = [(0..2, day), (7..11, year), (12..14, hour), (15..17, minute), (18..20, second)];
        for (range, value) in places {
            digits(&mut self.common[range], value);
        }
        self.common[3..6].copy_from_slice(MONTHS[month as usize - 1]);
    }
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar. Years are counted from March, so
/// that the leap day is the last one.
fn civil(days: u64) -> (u32, u32, u32) {
    let days = days + 719_468;
    let era = days / 146_097;
    let of_era = days % 146_097;
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    (year as u32, month as u32, day as u32)
}

/// Fills the place with the value's last digits.
fn digits(place: &mut [u8], mut value: u32) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn both(millis: u64) -> (String, String) {
        let time = UNIX_EPOCH + Duration::from_millis(millis);
        let mut stamp = Stamp::new();
        let rfc3339 = String::from_utf8(stamp.rfc3339(time).to_vec()).expect("ASCII");
        (rfc3339, String::from_utf8(stamp.common(time).to_vec()).expect("ASCII"))
    }

    #[test]
    fn known_times() {
        assert_eq!(both(0), ("1970-01-01T00:00:00.000Z".into(), "01/Jan/1970:00:00:00 +0000".into()));
        assert_eq!(both(951_827_696_789).0, "2000-02-29T12:34:56.789Z");
        assert_eq!(both(1_795_458_600_005).0, "2026-11-23T18:30:00.005Z");
        assert_eq!(both(1_795_458_600_005).1, "23/Nov/2026:18:30:00 +0000");
        assert_eq!(both(4_102_444_799_999).0, "2099-12-31T23:59:59.999Z");
        assert_eq!(both(u64::MAX).0[..20], *"9999-12-31T23:59:59.");
    }

    #[test]
    fn follows_the_calendar_day_by_day() {
        let mut stamp = Stamp::new();
        let (mut year, mut month, mut day) = (1970, 1, 1);
        for days in 0..60_000u64 {
            let text = *stamp.rfc3339(UNIX_EPOCH + Duration::from_secs(days * 86_400 + 1));
            assert_eq!(
                std::str::from_utf8(&text).expect("ASCII"),
                format!("{year:04}-{month:02}-{day:02}T00:00:01.000Z")
            );
            let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
            let length = [31, 28 + i32::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
            (day, month, year) = match (day == length, month) {
                (true, 12) => (1, 1, year + 1),
                (true, _) => (1, month + 1, year),
                _ => (day + 1, month, year),
            };
        }
    }
}
