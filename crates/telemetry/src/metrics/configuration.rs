//! What is told of the configuration in use, of those before it, and of the program.

use super::families::{
    BUILD, CONFIG, CONFIG_LAST_OK, CONFIG_LOADED, CONFIG_VERSION, RELOAD_CPU, RELOAD_DURATION, RELOADS,
};
use super::visit::{DURATION_BOUNDS, Histogram, SECONDS, Value, Visit};
use parking_lot::Mutex;
use std::time::{Duration, SystemTime};

/// What a configuration took until it was in use, or refused.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Time, from the reading of the first file.
    pub wall: Duration,
    /// CPU time of the thread that did it.
    pub cpu: Duration,
}

/// The numbers: few threads write them, and seldom.
pub(super) struct Configuration(Mutex<Told>);

#[derive(Default)]
struct Told {
    in_use: Option<(u64, SystemTime)>,
    /// Whether the last one that was tried was refused.
    is_refused: bool,
    cpu: Duration,
    /// Those that were taken, and those that were refused.
    results: [Durations; 2],
}

#[derive(Default)]
struct Durations {
    buckets: [u64; DURATION_BOUNDS + 1],
    micros: u64,
}

impl Configuration {
    pub(super) fn new() -> Self {
        Configuration(Mutex::default())
    }

    pub(super) fn taken(&self, version: u64, at: SystemTime, cost: Cost) {
        let mut told = self.0.lock();
        told.in_use = Some((version, at));
        told.is_refused = false;
        told.add(0, cost);
    }

    pub(super) fn refused(&self, cost: Cost) {
        let mut told = self.0.lock();
        told.is_refused = true;
        told.add(1, cost);
    }

    pub(super) fn visit(&self, to: &mut dyn Visit) {
        to.sample(&BUILD, &[("version", env!("CARGO_PKG_VERSION"))], Value::Count(1));
        let told = self.0.lock();
        if let Some((version, at)) = told.in_use {
            let at = at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            to.sample(&CONFIG, &[("version", itoa::Buffer::new().format(version))], Value::Count(1));
            to.sample(&CONFIG_VERSION, &[], Value::Count(version));
            to.sample(&CONFIG_LOADED, &[], Value::Micros(at.as_micros() as u64));
        }
        to.sample(&CONFIG_LAST_OK, &[], Value::Count(u64::from(!told.is_refused)));
        let results = || ["ok", "failed"].into_iter().zip(&told.results);
        for (result, durations) in results() {
            let count = durations.buckets.iter().sum();
            to.sample(&RELOADS, &[("result", result)], Value::Count(count));
        }
        for (result, Durations { buckets, micros }) in results() {
            let histogram = Histogram { bounds: &SECONDS, buckets, sum: *micros };
            to.sample(&RELOAD_DURATION, &[("result", result)], Value::Histogram(histogram));
        }
        to.sample(&RELOAD_CPU, &[], Value::Micros(told.cpu.as_micros() as u64));
    }
}

impl Told {
    fn add(&mut self, result: usize, Cost { wall, cpu }: Cost) {
        let micros = wall.as_micros() as u64;
        let bucket = SECONDS.upper.iter().position(|(upper, _)| micros <= *upper).unwrap_or(DURATION_BOUNDS);
        self.results[result].buckets[bucket] += 1;
        self.results[result].micros += micros;
        self.cpu += cpu;
    }
}
