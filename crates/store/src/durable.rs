//! Counts that outlive the process, in a file of one gateway's own. Opened when it is first used, from the background: its
//! calls wait for a disk. Whatever was counted is there after a crash once its call has returned.

use parking_lot::Mutex;
use redb::{Database, ReadableTable, ReadableTableMetadata, TableDefinition};
use std::fmt;
use std::path::{Path, PathBuf};

/// By key: how many, and when that no longer matters (seconds since 1970).
const COUNTS: TableDefinition<'_, &[u8], (u64, i64)> = TableDefinition::new("counts");

/// So many keys are kept at most; of more nothing is remembered.
const MOST: u64 = 1_000_000;

/// How often what no longer matters is thrown out, in seconds.
const SWEEP: i64 = 3600;

/// A file of counts.
pub struct Durable {
    path: PathBuf,
    open: Mutex<Option<Open>>,
}

struct Open {
    database: Database,
    swept: i64,
}

/// What is added to a count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// Which one.
    pub key: Vec<u8>,
    /// How many more.
    pub count: u64,
    /// When it no longer matters, in seconds since 1970.
    pub ends: i64,
}

impl Durable {
    /// The counts in that file, which is made when they are first used.
    pub fn new(path: PathBuf) -> Self {
        Durable { path, open: Mutex::new(None) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds to some counts, and gives what each has then. All or nothing. Waits for the disk: not for a worker's thread.
    pub fn add(&self, added: &[Added], now: i64) -> Result<Vec<u64>, String> {
        let mut open = self.open.lock();
        let outcome = self.try_add(&mut open, added, now);
        if outcome.is_err() {
            // Whatever it is, it is begun anew with the next call.
            *open = None;
        }
        outcome.map_err(|error| error.to_string().replace(['\r', '\n'], " "))
    }

    fn try_add(&self, open: &mut Option<Open>, added: &[Added], now: i64) -> Result<Vec<u64>, redb::Error> {
        let Open { database, swept } = match open {
            Some(open) => open,
            None => open.insert(Open { database: Database::create(&self.path)?, swept: 0 }),
        };
        let transaction = database.begin_write()?;
        let mut totals = Vec::with_capacity(added.len());
        {
            let mut counts = transaction.open_table(COUNTS)?;
            if now - *swept >= SWEEP {
                counts.retain(|_, (_, ends)| ends > now)?;
                *swept = now;
            }
            let mut left = MOST.saturating_sub(counts.len()?);
            for Added { key, count, ends } in added {
                let before = counts.get(key.as_slice())?.map(|kept| kept.value().0);
                let total = before.unwrap_or(0).saturating_add(*count);
                totals.push(total);
                if before.is_none() {
                    if left == 0 {
                        continue;
                    }
                    left -= 1;
                }
                counts.insert(key.as_slice(), (total, *ends))?;
            }
        }
        transaction.commit()?;
        Ok(totals)
    }
}

impl fmt::Debug for Durable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Durable({})", self.path.display())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(key: &str, count: u64, ends: i64) -> Added {
        Added { key: key.into(), count, ends }
    }

    #[test]
    fn what_was_counted_is_there_again_until_it_no_longer_matters() {
        let folder = std::env::temp_dir().join(format!("pintle-durable-{}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("counts.redb");
        let counts = Durable::new(path.clone());
        assert_eq!(counts.add(&[added("a", 3, 100), added("b", 1, 5000)], 0), Ok(vec![3, 1]));
        assert_eq!(counts.add(&[added("a", 2, 100), added("a", 1, 100)], 0), Ok(vec![5, 6]));
        drop(counts);
        let counts = Durable::new(path);
        assert_eq!(counts.add(&[added("a", 0, 100)], 10), Ok(vec![6]));
        assert_eq!(counts.add(&[added("a", 1, 9000), added("b", 1, 5000)], 10 + SWEEP), Ok(vec![1, 2]));
        std::fs::remove_dir_all(&folder).expect("it was there");
        let nowhere = Durable::new("/nowhere/counts.redb".into());
        assert!(nowhere.add(&[], 0).is_err());
    }
}
