//! What is counted of compression: how much it saves, and what it leaves alone and why.

use super::coding::Coding;
use pintle_core::counters::{Count, Counters, Family};
use std::fmt;
use std::sync::Arc;

const FLOW: &[&str] = &["algorithm", "direction"];

static ANSWERS: Family =
    Family::counter("pintle_compress_answers_total", "Answers that were compressed, or undone.", FLOW);
static BYTES_IN: Family =
    Family::counter("pintle_compress_in_bytes_total", "Content before it was compressed, or undone.", FLOW);
static BYTES_OUT: Family =
    Family::counter("pintle_compress_out_bytes_total", "Content after it was compressed, or undone.", FLOW);
static LEFT: Family =
    Family::counter("pintle_compress_left_total", "Answers that `compress` left as they were, by reason.", &["reason"]);
static CUT: Family = Family::counter(
    "pintle_compress_cut_total",
    "Answers that were cut because what their service had compressed could not be undone.",
    &[],
);

/// All that is counted here.
pub(crate) static FAMILIES: &[&Family] = &[&ANSWERS, &BYTES_IN, &BYTES_OUT, &LEFT, &CUT];

/// Why an answer was left as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// The client accepts none of the algorithms, or likes none at all better.
    NotAccepted,
    /// It is of another type.
    Type,
    /// It is smaller than `min_size`, or did not become smaller.
    Small,
    /// The service has compressed it.
    Encoded,
    /// The request or the answer says `no-transform`.
    NoTransform,
    /// As much memory is held by compression as may be.
    Busy,
}

impl Left {
    const ALL: [(Left, &'static str); 6] = [
        (Left::NotAccepted, "not_accepted"),
        (Left::Type, "type"),
        (Left::Small, "small"),
        (Left::Encoded, "encoded"),
        (Left::NoTransform, "no_transform"),
        (Left::Busy, "busy"),
    ];
}

type One = Arc<dyn Count>;

/// The counters, by [`Coding::ALL`] and [`Left::ALL`].
pub(crate) struct Counts {
    pub(super) compressed: [Flow; 3],
    pub(super) undone: [Flow; 3],
    left: [One; 6],
    cut: One,
}

/// Answers of one coding in one direction.
pub(super) struct Flow {
    answers: One,
    bytes_in: One,
    bytes_out: One,
}

impl Flow {
    /// Counts one that begins.
    pub(super) fn begin(&self) {
        self.answers.add(1);
    }

    /// Counts bytes that went in and came out.
    pub(super) fn moved(&self, bytes_in: u64, bytes_out: u64) {
        self.bytes_in.add(bytes_in);
        self.bytes_out.add(bytes_out);
    }
}

impl Counts {
    pub(crate) fn new(counters: &dyn Counters) -> Self {
        let flow = |coding: Coding, direction| {
            let counter = |family| counters.counter(family, &[coding.name(), direction]);
            Flow { answers: counter(&ANSWERS), bytes_in: counter(&BYTES_IN), bytes_out: counter(&BYTES_OUT) }
        };
        let left = |(_, reason)| counters.counter(&LEFT, &[reason]);
        Counts {
            compressed: Coding::ALL.map(|coding| flow(coding, "compress")),
            undone: Coding::ALL.map(|coding| flow(coding, "undo")),
            left: Left::ALL.map(left),
            cut: counters.counter(&CUT, &[]),
        }
    }

    /// Counts an answer that stays as it is.
    pub(super) fn leave(&self, why: Left) {
        self.left[why as usize].add(1);
    }

    /// Counts an answer that could not be undone.
    pub(super) fn cut(&self) {
        self.cut.add(1);
    }
}

impl fmt::Debug for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Counts")
    }
}
