//! Values with units, and the few other texts with a grammar that every room needs.

mod duration;
mod http;
mod network;
mod path;
mod rate;
mod secret;
mod share;
mod size;
mod template;

pub use network::Network;
pub use path::ConfigPath;
pub use rate::Rate;
pub use secret::SecretSource;
pub use share::Share;
pub use size::ByteSize;
pub use template::{ExpressionText, TemplateText, TemplateTree};

use super::kinds::read_text;

/// Implements `Read` for a type with a `Text`: its name, what is expected, and its documentation for the reference.
macro_rules! read_as_text {
    ($type:ty, $name:literal, $expected:literal, $grammar:expr, $doc:literal) => {
        impl $crate::config::Read for $type {
            fn read(node: &$crate::config::Node, reader: &mut $crate::config::Reader) -> Option<Self> {
                super::read_text(node, $expected, reader)
            }

            fn shape() -> $crate::config::Shape {
                $crate::config::Shape::Text { name: $name, doc: $doc, expected: $expected, grammar: $grammar }
            }
        }
    };
}
use read_as_text;

/// Splits `250ms` into its digits and the rest. None where it does not begin with a digit or the number is too large.
fn number_and_unit(text: &str) -> Option<(u64, &str)> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(end);
    Some((digits.parse().ok()?, unit))
}
