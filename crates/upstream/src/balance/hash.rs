//! Consistent hashing by rendezvous: each endpoint has a score for each key, and the highest one wins. One endpoint more or
//! less moves only the keys that it wins or won. With a bound on the load (Mirrokni, Thorup, Zadimoghaddam 2016): one that
//! has more than its share and a quarter under way is passed over, so that a popular key does not drown it.

use super::Seat;
use crate::endpoint::Endpoint;
use std::sync::Arc;

/// How much over its share an endpoint may have under way.
const OVER: f64 = 1.25;

/// The endpoint for a key among those that `fits` lets through.
pub(super) fn pick(seats: &[Seat], key: u64, fits: impl Fn(&Seat) -> bool) -> Option<&Arc<Endpoint>> {
    place(seats, key, fits).map(|at| &seats[at].endpoint)
}

/// As [`pick`], its place.
pub(super) fn place(seats: &[Seat], key: u64, fits: impl Fn(&Seat) -> bool) -> Option<usize> {
    let (mut active, mut weights) = (1, 0);
    for seat in seats {
        active += seat.endpoint.active() as u64;
        weights += u64::from(seat.weight);
    }
    let share = active as f64 * OVER / weights as f64;
    let bound = |seat: &Seat| (share * f64::from(seat.weight)).ceil() as u64;
    let has_room = |seat: &Seat| (seat.endpoint.active() as u64) < bound(seat);
    let best = |filter: &dyn Fn(&Seat) -> bool| {
        let scored = seats.iter().enumerate().filter(|(_, seat)| filter(seat));
        scored.map(|(at, seat)| (score(seat, key), at)).max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, at)| at)
    };
    // Somebody always has room; who is left out by `fits` may be the one.
    best(&|seat| fits(seat) && has_room(seat)).or_else(|| best(&|seat| fits(seat)))
}

/// The score of a weighted endpoint: of -w/ln(h), with h even between 0 and 1, the highest one wins in proportion to w.
fn score(seat: &Seat, key: u64) -> f64 {
    let mixed = mix(seat.endpoint.mark ^ key);
    let even = ((mixed >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    -f64::from(seat.weight) / even.ln()
}

/// The last step of SplitMix64: every bit of the number bears on every bit of the outcome.
fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
