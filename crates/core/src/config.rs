//! What reads a configuration. A file becomes a tree with positions ([`Node`]), each type reads itself from it
//! ([`Read`], mostly derived), and all that is wrong is collected in [`Diagnostics`] before anything is refused.
//!
//! Owns: the YAML subset, positions, messages, the value types with units, includes and their merging, and the
//! description ([`Shape`]) that the reference and the schema are made from. Refuses to know what any key means: rooms
//! own their types. serde stays out: it stops at the first error of an item and has no positions for the rest.

mod basic;
mod containers;
mod diagnostic;
mod fields;
mod kinds;
mod node;
mod parse;
mod reader;
mod render;
mod shape;
mod source;
mod sources;
mod suggest;
mod values;

#[cfg(test)]
mod tests;

pub use basic::Tree;
pub use containers::{Map, OneOrMany};
pub use diagnostic::{Diagnostic, Diagnostics, Severity};
pub use node::{Entry, Form, Node};
pub use pintle_derive::Read;
pub use reader::{Later, Read, Reader, Text};
pub use shape::{Field, Shape, Word};
pub use source::{Position, Source, Span, Spanned};
pub use sources::{Bounds, Sources};
pub use values::{ByteSize, ConfigPath, Network, Rate, SecretSource, Share};

/// What derived code calls; no part of the interface for people.
#[doc(hidden)]
pub mod derived {
    pub use super::fields::{Fields, Key};
    pub use super::kinds::{Named, forms_mismatch, is_none_word, kind, read_text, word};
}
