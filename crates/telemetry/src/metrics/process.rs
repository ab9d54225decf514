//! What the kernel says about this process (Linux; elsewhere nothing is told), under the names that every Prometheus
//! client uses.

use super::families::{
    PROCESS_CPU, PROCESS_MAX_FDS, PROCESS_OPEN_FDS, PROCESS_RESIDENT, PROCESS_START, PROCESS_THREADS, PROCESS_VIRTUAL,
};
use super::visit::{Value, Visit};
use std::fs;
use std::time::Duration;

/// Linux counts times in `/proc` in hundredths of a second, whatever its own clock does.
const MICROS_A_TICK: u64 = 10_000;

/// Tells what can be found out.
pub(super) fn visit(to: &mut dyn Visit) {
    if let Some((ticks, started)) = fs::read_to_string("/proc/self/stat").ok().as_deref().and_then(times) {
        to.sample(&PROCESS_CPU, &[], Value::Micros(ticks * MICROS_A_TICK));
        if let Some(boot) = number("/proc/stat", "btime") {
            to.sample(&PROCESS_START, &[], Value::Micros(boot * 1_000_000 + started * MICROS_A_TICK));
        }
    }
    let status = "/proc/self/status";
    let figures = [
        (&PROCESS_RESIDENT, number(status, "VmRSS:").map(|kib| kib * 1024)),
        (&PROCESS_VIRTUAL, number(status, "VmSize:").map(|kib| kib * 1024)),
        (&PROCESS_THREADS, number(status, "Threads:")),
        (&PROCESS_OPEN_FDS, open_fds()),
        (&PROCESS_MAX_FDS, number("/proc/self/limits", "Max open files")),
    ];
    for (family, value) in figures {
        if let Some(value) = value {
            to.sample(family, &[], Value::Count(value));
        }
    }
}

/// What there is to know about this process; what cannot be found out is not there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// User and system time spent.
    pub cpu: Option<Duration>,
    /// Memory that is in use, in bytes.
    pub resident: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open files and sockets.
    pub descriptors: Option<u64>,
    /// How many of them there may be.
    pub max_descriptors: Option<u64>,
}

/// Looks at this process. Reads four small files that the kernel makes.
pub fn figures() -> Figures {
    let stat = fs::read_to_string("/proc/self/stat").ok();
    let status = "/proc/self/status";
    Figures {
        cpu: stat.as_deref().and_then(times).map(|(ticks, _)| Duration::from_micros(ticks * MICROS_A_TICK)),
        resident: number(status, "VmRSS:").map(|kib| kib * 1024),
        threads: number(status, "Threads:"),
        descriptors: open_fds(),
        max_descriptors: number("/proc/self/limits", "Max open files"),
    }
}

/// The first number after a word at the start of a line of a file.
fn number(file: &str, word: &str) -> Option<u64> {
    let text = fs::read_to_string(file).ok()?;
    text.lines().find_map(|line| line.strip_prefix(word))?.split_whitespace().next()?.parse().ok()
}

/// CPU time and start, in ticks, of `/proc/self/stat` (proc_pid_stat(5): fields 14, 15 and 22). The name before them
/// may hold spaces and brackets.
fn times(stat: &str) -> Option<(u64, u64)> {
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some((field(14)? + field(15)?, field(22)?))
}

fn open_fds() -> Option<u64> {
    // Since Linux 6.2 the directory's size is the count; before, each entry is an inode to look up.
    match fs::metadata("/proc/self/fd").ok()?.len() {
        0 => Some(fs::read_dir("/proc/self/fd").ok()?.count().saturating_sub(1) as u64),
        count => Some(count),
    }
}
