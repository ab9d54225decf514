//! Which trace a request belongs to: read from its fields when it is accepted, decided upon once, and told to whoever gets the
//! request next. Recording and sending spans is telemetry's; here is what must be known before anything is recorded.
//!
//! Every request has a trace, whether or not anybody records it: its id stands in the log.
//!
//! Long because a trace begins, goes on and is parted into spans in several ways; each is a few lines.

mod b3;
#[cfg(test)]
mod tests;
mod w3c;

use crate::{Fields, Name, names};
use std::fmt;

/// The place of a request in a trace.
#[derive(Clone, Copy)]
pub struct Trace {
    /// 32 hexadecimal digits, not all of them 0.
    id: [u8; 32],
    /// The sender's span, 0 where the trace begins here.
    parent: u64,
    /// The request's own span, never 0.
    span: u64,
    /// Sampled and random, as they are told on (W3C Trace Context 3.2.2.5, level 2).
    flags: u8,
    /// Whether the sender's `tracestate` is of this trace.
    has_state: bool,
    recorded: Recorded,
    propagate: Propagate,
    /// What the numbers of attempts begin after.
    calls: u32,
}

/// Whether spans are made of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// Never.
    No,
    /// If it ends in an error.
    OnError,
    /// Yes.
    Yes,
}

/// Which traces are recorded, and in which fields they are read and go on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tracing {
    /// Who decides; without one nobody records anything, and the client's own decision is told on.
    pub sampler: Option<Sampler>,
    /// The fields.
    pub propagate: Propagate,
}

/// Decides which traces are recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sampler {
    /// So many of 2^63.
    pub threshold: u64,
    /// Whether what a client says is taken from anyone, not from trusted proxies alone.
    pub any_parent: bool,
    /// Whether a request that ends in an error is recorded in any case.
    pub errors: bool,
}

/// In which fields a trace is read and goes on. What is not among them passes through like any field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Propagate {
    /// `traceparent` and `tracestate`.
    pub w3c: bool,
    /// `b3`.
    pub b3: bool,
    /// `x-b3-traceid` and its siblings. Of B3 either form is read if one of them goes on.
    pub b3_multi: bool,
}

impl Default for Propagate {
    fn default() -> Self {
        Propagate { w3c: true, b3: false, b3_multi: false }
    }
}

/// What a request's fields say of its trace.
struct Parent {
    /// The trace and the sender's span; none where only the decision is told.
    place: Option<([u8; 32], u64)>,
    /// None where it is left to whoever comes next.
    sampled: Option<bool>,
    random: bool,
    /// Whether it comes from where `tracestate` is too.
    has_state: bool,
}

const SAMPLED: u8 = 1;
const RANDOM: u8 = 2;
/// More attempts than any call has.
const ATTEMPTS: u32 = 1 << 10;

impl Sampler {
    /// Decides by an evenly spread number, as `TraceIdRatioBased` does by the last 8 bytes of a trace's id: whoever asks for
    /// the same share of the same traces agrees.
    fn takes(&self, number: u64) -> bool {
        number >> 1 < self.threshold
    }

    /// How many of 2^63 so many millionths are.
    pub const fn threshold_of(millionths: u32) -> u64 {
        ((1u128 << 63) * millionths as u128 / 1_000_000) as u64
    }
}

impl Trace {
    /// A trace that begins with a request and that nobody records, under an id of 32 hexadecimal digits.
    pub fn begin(id: [u8; 32], span: u64) -> Self {
        let propagate = Propagate::default();
        Trace { id, parent: 0, span, flags: 0, has_state: false, recorded: Recorded::No, propagate, calls: 0 }
    }

    /// The trace of a request with these fields. Where it begins here, its id is `own`. `is_trusted` says whether what the
    /// sender says of sampling is believed. `random` gives numbers that nobody foresees.
    pub fn of(
        fields: &Fields,
        own: [u8; 32],
        tracing: &Tracing,
        is_trusted: bool,
        mut random: impl FnMut() -> u64,
    ) -> Self {
        let parent = tracing.propagate.read(fields);
        let span = random().max(1);
        let place = parent.as_ref().and_then(|parent| parent.place);
        let (id, sender) = place.unwrap_or((own, 0));
        let mut trace = Trace { parent: sender, propagate: tracing.propagate, ..Trace::begin(id, span) };
        let told = parent.as_ref().and_then(|parent| parent.sampled);
        let sampled = match &tracing.sampler {
            None => told.unwrap_or(false),
            Some(sampler) => {
                let sampled = match told.filter(|_| is_trusted || sampler.any_parent) {
                    Some(told) => told,
                    // An id that the client chose decides nothing: it could choose one that is always taken.
                    None if sender != 0 && !is_trusted && !sampler.any_parent => sampler.takes(random()),
                    None => sampler.takes(low(&id)),
                };
                trace.recorded = match (sampled, sampler.errors) {
                    (true, _) => Recorded::Yes,
                    (false, true) => Recorded::OnError,
                    (false, false) => Recorded::No,
                };
                sampled
            }
        };
        trace.has_state = parent.as_ref().is_some_and(|parent| parent.has_state);
        let random = parent.is_some_and(|parent| parent.random);
        trace.flags = if sampled { SAMPLED } else { 0 } | if random { RANDOM } else { 0 };
        trace
    }

    /// The place of a request inside of this one, by a number that nobody foresees.
    pub fn child(&self, random: u64) -> Self {
        Trace { parent: self.span, span: random.max(1), calls: 0, ..*self }
    }

    /// The trace's id: 32 hexadecimal digits.
    pub fn id(&self) -> &str {
        std::str::from_utf8(&self.id).unwrap_or_default()
    }

    /// The trace's id as a number.
    pub fn number(&self) -> u128 {
        u128::from_str_radix(self.id(), 16).unwrap_or_default()
    }

    /// The sender's span; none where the trace begins here.
    pub fn parent(&self) -> Option<u64> {
        (self.parent != 0).then_some(self.parent)
    }

    /// The request's own span.
    pub fn span(&self) -> u64 {
        self.span
    }

    /// The span of the request's attempt of that number, from 1, at an upstream: what the service gets as its parent.
    pub fn attempt(&self, number: u32) -> u64 {
        self.part(u64::from(self.calls) + u64::from(number))
    }

    /// The same trace for one of several calls of the request, by its number from 0: its attempts have spans of their own.
    pub fn of_call(&self, number: u32) -> Self {
        Trace { calls: (number + 1).saturating_mul(ATTEMPTS), ..*self }
    }

    /// The span of another part of the request, by a number that no other part of it has. Numbers of 32 bits are the attempts'.
    pub fn part(&self, number: u64) -> u64 {
        // The last step of SplitMix64: each part of each span has an id as good as a random one.
        let mut mixed = self.span.wrapping_add(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)).max(1)
    }

    /// Whether spans are made of it.
    pub fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// Whether the request's `tracestate` is of this trace.
    pub fn has_state(&self) -> bool {
        self.has_state
    }

    /// The flags that go on (W3C Trace Context).
    pub fn flags(&self) -> u8 {
        self.flags
    }

    /// Whether the field is one that the trace goes on by, and so not the sender's any more. The state of a trace that goes on
    /// is the sender's still.
    pub fn replaces(&self, name: Name<'_>) -> bool {
        if name == names::TRACEPARENT {
            return self.propagate.w3c;
        }
        if name == names::TRACESTATE {
            return self.propagate.w3c && !self.has_state;
        }
        self.propagate.has_b3() && b3::NAMES.contains(&name.as_str())
    }

    /// Adds the fields by which the trace goes on with a request's attempt of that number. What they replace is gone.
    pub fn append(&self, fields: &mut Fields, attempt: u32) {
        let span = self.attempt(attempt);
        if self.propagate.w3c {
            fields.append(names::TRACEPARENT, w3c::parent(&self.id, span, self.flags));
            if self.has_state {
                w3c::bound_state(fields);
            }
        }
        if self.propagate.has_b3() {
            b3::append(fields, self.propagate, &self.id, span, self.flags & SAMPLED != 0);
        }
    }

    /// Puts them in place of those of an earlier attempt.
    pub fn change(&self, fields: &mut Fields, attempt: u32) {
        fields.retain(|name, _| !self.replaces(name));
        self.append(fields, attempt);
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trace({}-{:016x}-{:02x} {:?})", self.id(), self.span, self.flags, self.recorded)
    }
}

impl Propagate {
    const fn has_b3(self) -> bool {
        self.b3 || self.b3_multi
    }

    /// What the fields say, those of W3C before those of B3.
    fn read(self, fields: &Fields) -> Option<Parent> {
        let w3c = if self.w3c { w3c::read(fields) } else { None };
        w3c.or_else(|| if self.has_b3() { b3::read(fields) } else { None })
    }
}

/// A text as a trace's id; none if it can be none.
pub fn id_of(text: &str) -> Option<[u8; 32]> {
    if is_id(text.as_bytes(), 32) { text.as_bytes().try_into().ok() } else { None }
}

/// A trace's id of two numbers that nobody foresees.
pub fn id_from(high: u64, low: u64) -> [u8; 32] {
    let mut id = [0; 32];
    id[..16].copy_from_slice(&digits(high));
    id[16..].copy_from_slice(&digits(low.max(1)));
    id
}

/// The last 8 bytes of a trace's id.
fn low(id: &[u8; 32]) -> u64 {
    number(&id[16..])
}

/// 16 hexadecimal digits as a number; the caller has checked that they are.
fn number(digits: &[u8]) -> u64 {
    digits.iter().fold(0, |sum, &digit| {
        let value = if digit > b'9' { digit - b'a' + 10 } else { digit - b'0' };
        sum << 4 | u64::from(value)
    })
}

/// A number as 16 hexadecimal digits.
pub fn digits(number: u64) -> [u8; 16] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (pair, byte) in text.as_chunks_mut::<2>().0.iter_mut().zip(number.to_be_bytes()) {
        *pair = [HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]];
    }
    text
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

fn is_id(text: &[u8], length: usize) -> bool {
    text.len() == length && is_hex(text) && text.iter().any(|&byte| byte != b'0')
}
