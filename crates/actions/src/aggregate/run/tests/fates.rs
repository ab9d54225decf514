//! What becomes of each call, drawn from a number: the same for equal calls, whenever they are made.

use super::*;

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Good,
    NotFound,
    Broken,
    Garbage,
    /// JSON, and nothing of what is expected.
    Odd,
    Huge,
    Refused,
    Full,
    TimedOut,
    /// It comes to nothing within its part's own time.
    Never,
}

/// A number for a text, the same for equal seeds and texts.
pub(super) fn drawn(seed: u64, text: &str) -> u64 {
    // FNV-1a, and the finish of SplitMix64: any hash will do that differs by every bit.
    let mut hash = seed ^ 0xcbf2_9ce4_8422_2325;
    for byte in text.bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ hash >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ hash >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ hash >> 31
}

impl Fate {
    /// The fate of a call; of some seeds nearly all go well, of others few.
    pub(super) fn of(seed: u64, name: &str, has_time: bool) -> Self {
        const BAD: [Fate; 9] = [
            Fate::NotFound,
            Fate::Broken,
            Fate::Garbage,
            Fate::Odd,
            Fate::Huge,
            Fate::Refused,
            Fate::Full,
            Fate::TimedOut,
            Fate::Never,
        ];
        let number = drawn(seed, name);
        let of_hundred = [2, 10, 25, 50][(seed % 4) as usize];
        if number % 100 >= of_hundred {
            return Fate::Good;
        }
        match BAD[(number / 100 % 9) as usize] {
            Fate::Never if !has_time => Fate::TimedOut,
            fate => fate,
        }
    }

    /// What comes of the call; `good` is its content where all is well.
    pub(super) fn outcome(self, good: &str, number: u64, account: &Arc<Account>) -> Result<Answered, Failure> {
        let age = format!("max-age={}", number % 50);
        let vary = ["accept", "cookie", "accept-language"][(number % 3) as usize];
        let json = [("content-type", "application/json"), ("cache-control", &*age), ("vary", vary)];
        match self {
            Fate::Good => Ok(answered(account, 200 + (number % 2) as u16, &json, good)),
            Fate::NotFound => Ok(answered(account, 404, &json, r#"{"v":404}"#)),
            Fate::Broken => Ok(answered(account, 500, &json, "broken")),
            Fate::Garbage => Ok(answered(account, 200, &json, r#"{"v":"#)),
            Fate::Odd => Ok(answered(account, 200, &json, r#"[["odd"]]"#)),
            Fate::Huge => {
                Err(Failure { status: Some(StatusCode::OK), ..Failure::new("too_large", "more than allowed") })
            }
            Fate::Refused => Err(Failure::of_refusal(Reason::ConnectFailed, "nobody is there")),
            Fate::Full => Err(Failure::of_refusal(Reason::Overflow, "too many wait")),
            Fate::TimedOut | Fate::Never => Err(Failure::timeout("it is over")),
        }
    }
}
