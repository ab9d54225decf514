//! What a client accepts, by its Accept-Encoding (RFC 9110 12.5.3).
//!
//! A member that breaks the grammar is passed over, as if it were not there: it never makes a coding acceptable. Of a
//! coding that is named twice the lower weight counts.

use super::coding::Coding;
use pintle_core::{Fields, names};

/// What a client accepts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepted {
    /// What it is to get, if it is to get anything compressed here.
    pub(super) best: Option<Coding>,
    /// Whether it can read each coding, by [`Coding::ALL`]. Without a field nothing is known, and none is.
    readable: [bool; 3],
    /// Whether it wants no answer without a coding.
    pub(super) refuses_identity: bool,
}

/// A weight in thousandths.
type Weight = u16;

#[derive(Default)]
struct Weights {
    codings: [Option<Weight>; 3],
    identity: Option<Weight>,
    any: Option<Weight>,
}

impl Accepted {
    /// What the fields of a request say, with these codings to choose from: the weightiest, and of several the first. A
    /// client that likes `identity` better by its own words gets that.
    pub(super) fn of(fields: &Fields, algorithms: &[Coding]) -> Self {
        let mut weights = Weights::default();
        for member in fields.list(names::ACCEPT_ENCODING) {
            weights.add(member);
        }
        let weight = |coding: Coding| weights.codings[coding as usize].or(weights.any).unwrap_or(0);
        let mut best: Option<Coding> = None;
        for &coding in algorithms {
            if weight(coding) > best.map_or(0, weight) {
                best = Some(coding);
            }
        }
        Accepted {
            best: best.filter(|&best| weight(best) >= weights.identity.unwrap_or(0)),
            readable: Coding::ALL.map(|coding| weight(coding) > 0),
            refuses_identity: weights.identity.or(weights.any) == Some(0),
        }
    }

    /// Whether the client can read what is coded so.
    pub(super) fn can_read(&self, coding: Coding) -> bool {
        self.readable[coding as usize]
    }
}

impl Weights {
    fn add(&mut self, member: &[u8]) {
        let mut parts = member.split(|&b| b == b';').map(<[u8]>::trim_ascii);
        let name = parts.next().unwrap_or_default();
        let weight = match (parts.next(), parts.next()) {
            (None, _) => Some(1000),
            (Some(weight), None) => parse_weight(weight),
            _ => None,
        };
        let Some(weight) = weight else { return };
        let place = match Coding::named(name) {
            Some(coding) => &mut self.codings[coding as usize],
            None if name.eq_ignore_ascii_case(b"identity") => &mut self.identity,
            None if name == b"*" => &mut self.any,
            None => return,
        };
        *place = Some(place.map_or(weight, |before| before.min(weight)));
    }
}

/// `q=0.5` in thousandths (RFC 9110 12.4.2).
fn parse_weight(text: &[u8]) -> Option<Weight> {
    let value = text.strip_prefix(b"q=").or_else(|| text.strip_prefix(b"Q="))?;
    let (whole, rest) = value.split_first()?;
    let digits = match rest {
        [] | [b'.'] => &[][..],
        [b'.', digits @ ..] if digits.len() <= 3 && digits.iter().all(u8::is_ascii_digit) => digits,
        _ => return None,
    };
    let thousandths = (0..3).fold(0, |sum, at| 10 * sum + digits.get(at).map_or(0, |d| Weight::from(d - b'0')));
    match whole {
        b'0' => Some(thousandths),
        b'1' if thousandths == 0 => Some(1000),
        _ => None,
    }
}
