//! The calendar of quotas: in which hour, day or month a moment is, by the clocks of a time zone, and when that ends.
//! Moments are seconds since 1970 (UTC).

use super::zone::Zone;
use pintle_core::config::Read;

/// How long a quota lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Read)]
#[read(word)]
pub enum Per {
    /// From one full hour to the next.
    Hour,
    /// From midnight to midnight.
    Day,
    /// From the first of a month to the first of the next.
    Month,
}

/// A period: when it began and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Period {
    pub(crate) begins: i64,
    pub(crate) ends: i64,
}

const DAY: i64 = 86_400;

impl Per {
    /// The period in which a moment is.
    pub(crate) fn around(self, moment: i64, zone: &Zone) -> Period {
        let local = moment + zone.offset(moment);
        let (begins, ends) = match self {
            Per::Hour => {
                let begins = local - local.rem_euclid(3600);
                (begins, begins + 3600)
            }
            Per::Day => {
                let begins = local - local.rem_euclid(DAY);
                (begins, begins + DAY)
            }
            Per::Month => {
                let (year, month, _) = date(local.div_euclid(DAY));
                let next = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
                (days(year, month, 1) * DAY, days(next.0, next.1, 1) * DAY)
            }
        };
        if self == Per::Hour {
            // By length, so that the hour that clocks show twice is two.
            return Period { begins: moment - (local - begins), ends: moment + (ends - local) };
        }
        Period { begins: at(begins, zone), ends: at(ends, zone) }
    }

    /// The word for it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Per::Hour => "hour",
            Per::Day => "day",
            Per::Month => "month",
        }
    }

    /// How long one is, or is about.
    pub(crate) fn seconds(self) -> u64 {
        match self {
            Per::Hour => 3600,
            Per::Day => 86_400,
            Per::Month => 30 * 86_400,
        }
    }
}

/// When the clocks of a zone show that time; the first moment after it where they leave it out.
fn at(local: i64, zone: &Zone) -> i64 {
    // What holds a day before and a day after: one of the two is right, unless the time is left out.
    let (before, after) = (zone.offset(local - DAY), zone.offset(local + DAY));
    let (first, second) = (local - before.max(after), local - before.min(after));
    if first + zone.offset(first) >= local { first } else { second }
}

/// The days from 1970-01-01 to a date.
pub(super) fn days(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March, so that what differs stands at their end.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date of a day: year, month, day.
pub(super) fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds of `2026-03-29T01:30`, in UTC.
    fn utc(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> i64 {
        days(year, month, day) * DAY + hour * 3600 + minute * 60
    }

    #[test]
    fn dates_go_there_and_back() {
        assert_eq!((days(1970, 1, 1), days(2000, 2, 29), days(2026, 11, 29)), (0, 11_016, 20_786));
        for day in -200_000..200_000 {
            let (year, month, of_month) = date(day);
            assert_eq!(days(year, month, of_month), day);
        }
    }

    #[test]
    fn a_period_is_of_the_calendar() {
        let zone = Zone::utc();
        let moment = utc(2026, 12, 31, 23, 59);
        let ends = |per: Per| per.around(moment, &zone).ends;
        assert_eq!([ends(Per::Hour), ends(Per::Day), ends(Per::Month)], [utc(2027, 1, 1, 0, 0); 3]);
        assert_eq!(Per::Month.around(moment, &zone).begins, utc(2026, 12, 1, 0, 0));
        assert_eq!(Per::Month.around(utc(2028, 2, 29, 12, 0), &zone).ends, utc(2028, 3, 1, 0, 0));
    }

    #[test]
    fn a_day_is_one_of_its_zone_however_long() {
        let berlin = Zone::of_rules("CET-1CEST,M3.5.0,M10.5.0/3").expect("rules");
        // 29 March 2026 has 23 hours, 25 October 25.
        let spring = Per::Day.around(utc(2026, 3, 29, 12, 0), &berlin);
        assert_eq!((spring.begins, spring.ends), (utc(2026, 3, 28, 23, 0), utc(2026, 3, 29, 22, 0)));
        let autumn = Per::Day.around(utc(2026, 10, 25, 12, 0), &berlin);
        assert_eq!((autumn.begins, autumn.ends), (utc(2026, 10, 24, 22, 0), utc(2026, 10, 25, 23, 0)));
        let twice = [utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)].map(|at| Per::Hour.around(at, &berlin));
        assert_eq!(twice[0].ends, twice[1].begins);
        // Midnight itself is left out there on 29 March 2026.
        let beirut = Zone::of_rules("EET-2EEST,M3.5.0/0,M10.5.0/0").expect("rules");
        assert_eq!(Per::Day.around(utc(2026, 3, 29, 12, 0), &beirut).begins, utc(2026, 3, 28, 22, 0));
        assert_eq!(Per::Day.around(utc(2026, 3, 28, 12, 0), &beirut).ends, utc(2026, 3, 28, 22, 0));
    }

    #[test]
    fn periods_follow_one_another_without_a_gap() {
        for rules in [
            "UTC0",
            "CET-1CEST,M3.5.0,M10.5.0/3",
            "EST5EDT,M3.2.0,M11.1.0",
            "<+0545>-5:45",
            "EET-2EEST,M3.5.0/0,M10.5.0/0",
        ] {
            let zone = Zone::of_rules(rules).expect("rules");
            for per in [Per::Hour, Per::Day, Per::Month] {
                let mut moment = utc(2026, 1, 1, 12, 0);
                for _ in 0..9000 {
                    let period = per.around(moment, &zone);
                    assert!(period.begins <= moment && moment < period.ends, "{rules} {per:?} {moment}");
                    assert_eq!(per.around(period.begins, &zone), period, "{rules} {per:?}");
                    assert_eq!(per.around(period.ends - 1, &zone), period, "{rules} {per:?}");
                    assert_eq!(per.around(period.ends, &zone).begins, period.ends, "{rules} {per:?}");
                    moment = period.ends;
                    if moment > utc(2028, 1, 1, 0, 0) {
                        break;
                    }
                }
            }
        }
    }
}
