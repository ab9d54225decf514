//! Which version of a file it is: its validators (RFC 9110 8.8), which are strong or not given at all.
//!
//! A file that has changed a moment ago may change again within the same tick of its file system's clock, and would look
//! the same: until its times lie far enough behind it has no validators. So no tag ever stands for two contents, not even
//! where who wrote the file set its time back: the time at which the system last saw it change is part of the tag.

use foldhash::quality::FixedState;
use rustix::fs::Stat;
use std::hash::BuildHasher;
use std::time::{Duration, SystemTime};

/// The coarsest clock of a file system counts two seconds (FAT), and `Last-Modified` whole ones.
const COARSE: Duration = Duration::from_secs(2);
/// Where times have parts of a second, they are those of a tick, of at most 10 ms.
const FINE: Duration = Duration::from_millis(100);

/// The validators of a file's version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Version {
    /// The entity tag with its quotes; strong.
    pub(super) tag: String,
    /// When it was changed, in whole seconds.
    pub(super) modified: SystemTime,
}

impl Version {
    /// What a file with this state has, as seen at `now`.
    pub(super) fn of(stat: &Stat, now: SystemTime) -> Option<Self> {
        let modified = time(stat.st_mtime, stat.st_mtime_nsec)?;
        let changed = time(stat.st_ctime, stat.st_ctime_nsec)?;
        let settled = if stat.st_ctime_nsec == 0 { COARSE } else { FINE };
        // An error is a time to come, of which nothing is known.
        let is_settled = now.duration_since(modified).is_ok_and(|since| since >= COARSE)
            && now.duration_since(changed).is_ok_and(|since| since >= settled);
        if !is_settled {
            return None;
        }
        // A hash, as who runs a server need not tell clients its file system's numbers.
        let state = (
            (stat.st_ino, stat.st_dev, stat.st_size),
            (stat.st_mtime, stat.st_mtime_nsec),
            (stat.st_ctime, stat.st_ctime_nsec),
        );
        let tag = format!("\"{:016x}\"", FixedState::default().hash_one(state));
        Some(Version { tag, modified: time(stat.st_mtime, 0)? })
    }
}

/// Whether a file is at least as new as another, as far as their times tell.
pub(super) fn is_as_new(one: &Stat, other: &Stat) -> bool {
    (one.st_mtime, one.st_mtime_nsec) >= (other.st_mtime, other.st_mtime_nsec)
}

fn time(seconds: i64, nanoseconds: impl TryInto<u32>) -> Option<SystemTime> {
    let since = Duration::new(u64::try_from(seconds).ok()?, nanoseconds.try_into().ok()?);
    SystemTime::UNIX_EPOCH.checked_add(since)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::fstat;

    /// The state of a file with these times, in seconds.
    fn state(modified: (i64, u32), changed: (i64, u32)) -> Stat {
        let mut stat = fstat(std::fs::File::open("/proc/self/stat").expect("a file")).expect("a state");
        (stat.st_size, stat.st_ino, stat.st_dev) = (7, 8, 9);
        (stat.st_mtime, stat.st_mtime_nsec) = (modified.0, modified.1.into());
        (stat.st_ctime, stat.st_ctime_nsec) = (changed.0, changed.1.into());
        stat
    }

    fn at(milliseconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(milliseconds)
    }

    #[test]
    fn what_changed_just_now_has_no_validators() {
        let of = |modified, changed, now| Version::of(&state(modified, changed), at(now)).is_some();
        assert!(of((1000, 1), (1000, 1), 1_003_000));
        assert!(!of((1000, 1), (1000, 1), 1_001_900), "the same second");
        assert!(!of((1000, 1), (2000, 1), 2_000_050), "the same tick");
        assert!(of((1000, 1), (2000, 1), 2_000_200), "an old time was given to it");
        assert!(!of((1000, 0), (2000, 0), 2_001_500), "a clock of whole seconds");
        assert!(!of((3000, 1), (1000, 1), 2_000_000), "a time to come");
        assert!(!of((-1, 1), (1000, 1), 2_000_000), "before all time");
    }

    #[test]
    fn each_version_has_its_own_tag() {
        let of = |modified, changed| Version::of(&state(modified, changed), at(9_000_000)).expect("it is old");
        let one = of((1000, 1), (1000, 1));
        assert_eq!(one, of((1000, 1), (1000, 1)));
        assert_eq!((one.modified, one.tag.len()), (at(1_000_000), 18));
        assert_ne!(one.tag, of((1000, 2), (1000, 1)).tag);
        assert_ne!(one.tag, of((1000, 1), (1000, 2)).tag, "its time was set back");
    }
}
