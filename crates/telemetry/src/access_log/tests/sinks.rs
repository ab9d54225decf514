//! Sinks of every kind, and what is wrong with them.

use super::*;
use crate::metrics::Syntax;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Instant;

pub(super) const SOON: Duration = Duration::from_secs(20);

/// A directory that goes with the test.
pub(super) struct Place(PathBuf);

impl Place {
    pub(super) fn new(name: &str) -> Place {
        let path = std::env::temp_dir().join(format!("pintle-telemetry-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a directory");
        Place(path)
    }

    pub(super) fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn pipe(&self) -> PathBuf {
        let path = self.file("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo runs").success());
        path
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub(super) fn start(sink: &Sink, workers: usize) -> (AccessLog, Metrics) {
    let metrics = Metrics::new(workers, 1000);
    (AccessLog::start(Opened::open(sink, Style::default()).expect("a sink"), &metrics).expect("a log"), metrics)
}

#[test]
fn a_quiet_log_is_written_within_a_second_unasked() {
    let place = Place::new("quiet");
    let pipe = place.pipe();
    let (log, _metrics) = start(&Sink::File(pipe.clone()), 1);
    let mut lines = BufReader::new(File::open(pipe).expect("a pipe"));
    for _ in 0..3 {
        let written = Instant::now();
        log.write(&record());
        let mut line = String::new();
        lines.read_line(&mut line).expect("a line");
        parse(&line);
        assert!(written.elapsed() < Duration::from_secs(1));
    }
}

#[test]
fn a_pipe_that_nobody_reads_costs_records_and_never_time() {
    let place = Place::new("blocked");
    let pipe = place.pipe();
    let (log, metrics) = start(&Sink::File(pipe.clone()), 1);
    let count = 20_000;
    for _ in 0..count {
        log.write(&full());
    }
    assert!(!log.flush(Duration::from_millis(10)), "nobody reads");
    let held: usize = log.shared.shards.iter().map(Shard::len).sum();
    assert!(held <= log.shared.room + 4096, "{held}");
    let dropped = log.dropped();
    assert!(dropped > 0);
    let lines = thread::spawn(move || {
        let lines = BufReader::new(File::open(pipe).expect("a pipe")).lines();
        for line in lines.take(count - dropped as usize) {
            parse(&(line.expect("a line") + "\n"));
        }
    });
    lines.join().expect("all that was not dropped, each of them whole");
    assert!(log.flush(SOON));
    let text = metrics.text(Syntax::Prometheus);
    assert!(text.contains(&format!("\npintle_log_records_dropped_total {dropped}\n")), "{text}");
}

#[test]
fn a_full_disk_is_counted() {
    let (log, metrics) = start(&Sink::File("/dev/full".into()), 1);
    for _ in 0..10 {
        log.write(&record());
    }
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), 10);
    assert!(metrics.counter(&LOG_ERRORS, &[]).get() >= 1);
}

fn lines(path: &Path) -> Vec<String> {
    let mut text = String::new();
    File::open(path).expect("a file").read_to_string(&mut text).expect("text");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_rotated_file_is_opened_anew_and_nothing_is_lost() {
    let place = Place::new("reopen");
    let (path, old) = (place.file("log"), place.file("log.1"));
    let (log, _metrics) = start(&Sink::File(path.clone()), 1);
    log.write(&Record { path: "/1", ..record() });
    assert!(log.flush(SOON));
    fs::rename(&path, &old).expect("a rotation");
    log.write(&Record { path: "/2", ..record() });
    assert!(log.flush(SOON));
    log.reopen();
    assert!(log.flush(SOON));
    log.write(&Record { path: "/3", ..record() });
    assert!(log.flush(SOON));
    assert_eq!((lines(&old).len(), lines(&path).len()), (2, 1));
    assert!(lines(&path)[0].contains("\"/3\""));

    fs::rename(&path, &old).expect("a rotation");
    fs::create_dir(&path).expect("something in the way");
    log.reopen();
    log.write(&Record { path: "/4", ..record() });
    assert!(log.flush(SOON));
    assert_eq!(lines(&old).len(), 2, "the old file stays in use");
}

#[test]
fn changing_the_sink_loses_nothing_and_a_bad_one_changes_nothing() {
    let place = Place::new("change");
    let (one, two) = (place.file("one"), place.file("two"));
    let (log, _metrics) = start(&Sink::None, 1);
    log.write(&record());
    assert!(!log.is_on());
    log.go_over(Opened::open(&Sink::File(one.clone()), Style::default()).expect("a file"));
    log.write(&record());
    assert!(Opened::open(&Sink::File(place.file("none/such")), Style::default()).is_err(), "no directory");
    log.write(&record());
    assert!(log.flush(SOON));
    log.go_over(
        Opened::open(&Sink::File(two.clone()), Style { format: Format::Combined, ..Style::default() }).expect("a file"),
    );
    assert!(log.flush(SOON));
    log.write(&record());
    log.go_over(Opened::open(&Sink::None, Style::default()).expect("nothing to open"));
    log.write(&record());
    assert!(log.flush(SOON));
    assert_eq!((lines(&one).len(), lines(&two).len(), log.dropped()), (2, 1, 0));
    assert!(lines(&two)[0].starts_with("203.0.113.9 - - ["));
}

#[test]
fn records_of_many_workers_come_whole() {
    let place = Place::new("many");
    let path = place.file("log");
    let (log, _metrics) = start(&Sink::File(path.clone()), 4);
    thread::scope(|scope| {
        for index in 0..4 {
            let log = &log;
            scope.spawn(move || {
                worker::enter(index);
                for _ in 0..1_000 {
                    log.write(&full());
                }
            });
        }
    });
    assert!(log.flush(SOON));
    let lines = lines(&path);
    assert_eq!(lines.len() + log.dropped() as usize, 4_000);
    lines.iter().for_each(|line| drop(parse(&format!("{line}\n"))));
}

#[test]
fn what_is_left_is_written_when_the_log_goes() {
    let place = Place::new("end");
    let pipe = place.pipe();
    let (log, _metrics) = start(&Sink::File(pipe.clone()), 1);
    let mut lines = BufReader::new(File::open(pipe).expect("a pipe"));
    log.write(&record());
    drop(log);
    let mut line = String::new();
    lines.read_line(&mut line).expect("a line");
    parse(&line);
}

/// Writes records until something is so.
fn until(log: &AccessLog, what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < SOON, "{what}");
        log.write(&record());
        assert!(log.flush(SOON));
    }
}

#[test]
fn a_file_that_somebody_removed_is_made_anew() {
    let place = Place::new("removed");
    let path = place.file("log");
    let (log, _metrics) = start(&Sink::File(path.clone()), 1);
    log.write(&record());
    assert!(log.flush(SOON));
    fs::remove_file(&path).expect("a file");
    until(&log, "the file anew", || path.exists());
}

#[test]
fn a_folder_that_vanishes_costs_records_and_is_found_again() {
    let place = Place::new("vanished");
    let folder = place.file("logs");
    let path = folder.join("log");
    fs::create_dir(&folder).expect("a folder");
    let (log, _metrics) = start(&Sink::File(path.clone()), 1);
    log.write(&record());
    assert!(log.flush(SOON));
    fs::remove_dir_all(&folder).expect("a folder");
    until(&log, "a loss that is counted", || log.dropped() > 0);
    fs::create_dir(&folder).expect("a folder");
    until(&log, "the file anew", || path.exists());
    let dropped = log.dropped();
    log.write(&record());
    assert!(log.flush(SOON));
    assert_eq!(log.dropped(), dropped);
    lines(&path).iter().for_each(|line| drop(parse(&format!("{line}\n"))));
}

#[test]
fn a_style_that_changes_leaves_what_waits_alone() {
    let place = Place::new("style");
    let pipe = place.pipe();
    let sink = Sink::File(pipe.clone());
    let (log, _metrics) = start(&sink, 1);
    for _ in 0..1_000 {
        log.write(&full());
    }
    assert!(!log.flush(Duration::from_millis(10)), "nobody reads");
    log.go_over(Opened::open(&sink, Style { format: Format::Combined, ..Style::default() }).expect("a pipe"));
    log.write(&record());
    let read = thread::spawn(move || {
        let lines = BufReader::new(File::open(pipe).expect("a pipe")).lines();
        lines.take(1_001).map(|line| line.expect("a line")).collect::<Vec<_>>()
    });
    let lines = read.join().expect("lines");
    lines[..1_000].iter().for_each(|line| drop(parse(&format!("{line}\n"))));
    assert!(lines[1_000].starts_with("203.0.113.9 - - ["), "{}", lines[1_000]);
    assert_eq!(log.dropped(), 0);
}

#[test]
fn a_pipe_that_nobody_reads_is_left_for_another_sink() {
    let place = Place::new("left");
    let (pipe, path) = (place.pipe(), place.file("log"));
    let (log, _metrics) = start(&Sink::File(pipe), 2);
    let count = 3_000;
    for _ in 0..count {
        log.write(&full());
    }
    log.go_over(Opened::open(&Sink::File(path.clone()), Style::default()).expect("a file"));
    log.write(&record());
    assert!(log.flush(SOON), "the old one holds nothing up");
    assert_eq!(lines(&path).len(), 1);
    // What the pipe itself took is neither lost nor read.
    let dropped = log.dropped();
    assert!(dropped > 0 && dropped < count, "{dropped}");
}

#[test]
fn what_a_pipe_takes_are_whole_lines() {
    let place = Place::new("whole");
    let pipe = place.pipe();
    let (log, _metrics) = start(&Sink::File(pipe.clone()), 1);
    let long = "x".repeat(2_000);
    let record = Record { path: &long, host: &long, internal: Some(&long), ..full() };
    let reading = thread::spawn(move || {
        let lines = BufReader::new(File::open(pipe).expect("a pipe")).lines();
        lines.take(200).for_each(|line| drop(parse(&(line.expect("a line") + "\n"))));
    });
    for _ in 0..100 {
        log.write(&record);
        log.write(&full());
    }
    reading.join().expect("whole lines");
    assert_eq!(log.dropped(), 0);
}
