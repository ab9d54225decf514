//! `10B 1KiB 8MiB 2GiB`

use std::fmt;

use super::{number_and_unit, read_as_text};
use crate::config::{Grammar, Text};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteSize(pub u64);

read_as_text!(
    ByteSize,
    "ByteSize",
    "a size such as 8MiB",
    Grammar::Size,
    "A number of bytes: a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`."
);

impl ByteSize {
    /// The number of bytes.
    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// The number of bytes for what is held in memory; as much as can be addressed where it is more than that.
    pub fn in_memory(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl Text for ByteSize {
    fn parse(text: &str) -> Result<Self, String> {
        let Some((count, unit)) = number_and_unit(text) else { return Err(String::new()) };
        let power = match unit {
            "B" => 0,
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            "TiB" => 40,
            "" => return Err(format!("a size needs its unit: {count}B, {count}KiB or {count}MiB?")),
            "b" => return Err(format!("write {count}B")),
            "k" | "K" | "kb" | "KB" | "kB" | "kib" | "kiB" | "Ki" => return Err(format!("write {count}KiB")),
            "m" | "M" | "mb" | "MB" | "mib" | "miB" | "Mi" => return Err(format!("write {count}MiB")),
            "g" | "G" | "gb" | "GB" | "gib" | "giB" | "Gi" => return Err(format!("write {count}GiB")),
            _ => return Err("one whole number and one unit: 10B, 1KiB, 8MiB, 2GiB".into()),
        };
        let bytes = count.checked_mul(1 << power).filter(|bytes| *bytes <= i64::MAX as u64);
        bytes.map(Self).ok_or_else(|| "that is more than any machine has".into())
    }
}

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        match units.into_iter().find(|(power, _)| self.0 != 0 && self.0.is_multiple_of(1 << power)) {
            Some((power, unit)) => write!(f, "{}{unit}", self.0 >> power),
            None => write!(f, "{}B", self.0),
        }
    }
}
