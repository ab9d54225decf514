//! `5%`

use std::fmt;

use super::read_as_text;
use crate::config::{Grammar, Text};

/// A part of a whole, from 0% to 100%, exact to a ten-thousandth of a percent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Share {
    millionths: u32,
}

read_as_text!(
    Share,
    "Share",
    "a share such as 5%",
    Grammar::Share,
    "A part of a whole, from `0%` to `100%`, with up to four digits after the point."
);

impl Share {
    /// Everything.
    pub const ALL: Share = Share { millionths: 1_000_000 };

    /// The share as a fraction, from 0 to 1.
    pub fn fraction(self) -> f64 {
        f64::from(self.millionths) / 1e6
    }

    /// A share of so many millionths; everything, where that is more than there are.
    pub const fn of_millionths(millionths: u32) -> Self {
        if millionths > 1_000_000 { Share::ALL } else { Share { millionths } }
    }

    /// The share in millionths, from 0 to 1,000,000: for a choice by a random number without rounding.
    pub const fn millionths(self) -> u32 {
        self.millionths
    }
}

impl Text for Share {
    fn parse(text: &str) -> Result<Self, String> {
        let Some(number) = text.strip_suffix('%') else {
            let help = match text.parse::<f64>() {
                Ok(number) if number > 0.0 && number <= 1.0 && text != "1" => {
                    format!("a share needs its unit: {}%?", (number * 1e6).round() / 1e4)
                }
                Ok(number) if (0.0..=100.0).contains(&number) => format!("a share needs its unit: {text}%?"),
                _ => String::new(),
            };
            return Err(help);
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err("one number and a percent sign: 5%, 0.5%".into());
        }
        if fraction.len() > 4 {
            return Err("at most four digits after the point".into());
        }
        let percent: u32 = whole.parse().map_err(|_| "from 0% to 100%")?;
        let rest: u32 = format!("{fraction:0<4}").parse().map_err(|_| String::new())?;
        let millionths = percent.checked_mul(10_000).and_then(|value| value.checked_add(rest));
        match millionths {
            Some(millionths) if millionths <= Self::ALL.millionths => Ok(Self { millionths }),
            _ => Err("from 0% to 100%".into()),
        }
    }
}

impl fmt::Display for Share {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, rest) = (self.millionths / 10_000, self.millionths % 10_000);
        if rest == 0 {
            return write!(f, "{whole}%");
        }
        write!(f, "{whole}.{}%", format!("{rest:04}").trim_end_matches('0'))
    }
}
