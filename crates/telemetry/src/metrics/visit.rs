//! What a look at all series sees: one series after the other, those of a family together. Text and OTLP are both made of
//! this.

use pintle_core::counters::Family;

/// Takes the series of a scrape.
pub(crate) trait Visit {
    /// Takes one series. `labels` have the names of the family's, and perhaps more; a value may be empty.
    fn sample(&mut self, family: &'static Family, labels: &[(&str, &str)], value: Value<'_>);
}

/// The value of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    /// Of a counter, or a gauge that is never negative.
    Count(u64),
    /// Of a gauge.
    Level(i64),
    /// A time in microseconds, told in seconds.
    Micros(u64),
    /// Of a histogram.
    Histogram(Histogram<'a>),
}

/// Values by size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Histogram<'a> {
    /// How far each bucket goes.
    pub(crate) bounds: &'static Bounds,
    /// How many values each has, one more than there are bounds.
    pub(crate) buckets: &'a [u64],
    /// All values together.
    pub(crate) sum: u64,
}

/// The upper bounds of a histogram's buckets.
#[derive(Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Each with its text, which is a floating-point number (OpenMetrics 1.0 wants the point).
    pub(crate) upper: &'static [(u64, &'static str)],
    /// Whether they are microseconds that are told as seconds.
    pub(crate) micros: bool,
}

impl Bounds {
    /// The texts of the bounds.
    pub fn texts(&self) -> impl Iterator<Item = &'static str> + use<'_> {
        self.upper.iter().map(|(_, text)| short(text))
    }
}

/// A bound as Prometheus' own text has it.
pub(super) fn short(text: &'static str) -> &'static str {
    text.strip_suffix(".0").unwrap_or(text)
}

/// Durations: what a cache or a file takes, to the time limit that a service has by default.
pub(crate) static SECONDS: Bounds = Bounds {
    upper: &[
        (1_000, "0.001"),
        (2_500, "0.0025"),
        (5_000, "0.005"),
        (10_000, "0.01"),
        (25_000, "0.025"),
        (50_000, "0.05"),
        (100_000, "0.1"),
        (250_000, "0.25"),
        (500_000, "0.5"),
        (1_000_000, "1.0"),
        (2_500_000, "2.5"),
        (5_000_000, "5.0"),
        (15_000_000, "15.0"),
        (60_000_000, "60.0"),
    ],
    micros: true,
};

/// Sizes: each sixteen times the one before, from 1 KiB to 64 MiB.
pub(crate) static BYTES: Bounds = Bounds {
    upper: &[
        (1 << 10, "1024.0"),
        (1 << 14, "16384.0"),
        (1 << 18, "262144.0"),
        (1 << 22, "4194304.0"),
        (1 << 26, "67108864.0"),
    ],
    micros: false,
};

/// How many bounds durations have.
pub(crate) const DURATION_BOUNDS: usize = 14;
/// How many bounds sizes have.
pub(crate) const SIZE_BOUNDS: usize = 5;

/// Lines of a histogram with so many bounds: its buckets, the last of them without a bound, the sum and the count.
pub(crate) const fn lines(bounds: usize) -> usize {
    bounds + 3
}
