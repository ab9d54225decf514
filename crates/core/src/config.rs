//! What reads a configuration. A file becomes a tree with positions ([`Node`]), each type reads itself from it
//! ([`Read`], mostly derived), and all that is wrong is collected in [`Diagnostics`] before anything is refused.
//!
//! Owns: the YAML subset, positions, messages, the value types with units, includes and their merging, and the
//! description ([`Shape`]) that the reference and the schema are made from. Refuses to know what any key means: rooms
//! own their types. serde stays out: it stops at the first error of an item and has no positions for the rest.
//!
//! ```
//! use std::time::Duration;
//! use pintle_core::config::{Later, Map, Node, OneOrMany, Read, Reader, Sources, Span, Spanned, Text};
//!
//! /// The whole file.
//! #[derive(Debug, Read)]
//! struct Document {
//!     /// Where clients come in.
//!     listeners: Vec<Listener>,
//!     /// Policies with a name.
//!     #[read(default)]
//!     policies: Map<Policy>,
//!     /// Refused by name, until a version brings it.
//!     #[read(later)]
//!     admin: Later,
//! }
//!
//! /// A door.
//! #[derive(Debug, Read)]
//! #[read(called = "listener", check)]
//! struct Listener {
//!     /// One address, or a list of them.
//!     address: OneOrMany<Address>,
//!     /// The name that logs say.
//!     name: Option<Spanned<String>>,
//!     /// A default is written as YAML and read by the same reader.
//!     #[read(default = "60s", key = "for")]
//!     idle: Patience,
//!     #[read(span)]
//!     at: Span,
//! }
//!
//! impl Listener {
//!     fn check(self, _: &Node, reader: &mut Reader) -> Option<Self> {
//!         if self.address.is_empty() {
//!             reader.error("no-address", "a listener needs an address", &self.at);
//!             return None;
//!         }
//!         Some(self)
//!     }
//! }
//!
//! /// An address with a port.
//! #[derive(Debug, Read)]
//! #[read(text, expected = "an address such as 0.0.0.0:80")]
//! struct Address(std::net::SocketAddr);
//!
//! impl Text for Address {
//!     fn parse(text: &str) -> Result<Self, String> {
//!         text.parse().map(Self).map_err(|_| "an IP address and a port".into())
//!     }
//! }
//!
//! /// Several forms, told apart by what is written.
//! #[derive(Debug, Read)]
//! #[read(forms, expected = "a duration or `none`")]
//! enum Patience {
//!     #[read(none)]
//!     Forever,
//!     #[read(text)]
//!     For(Duration),
//! }
//!
//! /// A map with a single key.
//! #[derive(Debug, Read)]
//! #[read(kind, called = "policy")]
//! enum Policy {
//!     Timeout(Duration),
//!     Compress(Compress),
//!     #[read(later)]
//!     Waf,
//! }
//!
//! #[derive(Debug, Read)]
//! struct Compress {
//!     #[read(default = "[zstd, gzip]")]
//!     algorithms: Vec<Algorithm>,
//! }
//!
//! #[derive(Debug, PartialEq, Read)]
//! #[read(word)]
//! enum Algorithm {
//!     Zstd,
//!     #[read(key = "br")]
//!     Brotli,
//!     Gzip,
//! }
//!
//! let text = "listeners:\n  - {adress: 0.0.0.0:80, for: 5}\npolicies:\n  a: {waf: {}}\n  b: {compress: {}}\n";
//! let mut reader = Reader::new();
//! let sources = Sources::from_text("gateway.yaml", text, &mut reader);
//! let document = Document::read(&sources.root, &mut reader);
//! assert!(document.is_none());
//! reader.diagnostics.sort();
//! let messages: Vec<_> = reader.diagnostics.iter().map(|one| one.message.as_str()).collect();
//! assert_eq!(messages, [
//!     "unknown key `adress`",
//!     "expected a duration such as 5s, found `5`",
//!     "`waf` is not there yet",
//! ]);
//! ```

mod basic;
mod confided;
mod containers;
mod diagnostic;
mod fields;
mod file;
mod fill;
mod flow;
mod json;
mod kinds;
mod node;
mod parse;
mod paths;
mod reader;
mod render;
mod sarif;
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
pub use file::{FILE_LIMIT, open_file, read_file};
pub use node::{Entry, Form, Node};
pub use parse::Comment;
pub use paths::WithFiles;
pub use pintle_derive::Read;
pub use reader::{Later, Read, Reader, Text};
pub use sarif::Sarif;
pub use shape::{Field, Grammar, Shape, Word};
pub use source::{Position, Source, Span, Spanned};
pub use sources::{Bounds, Sources, Survey};
pub use suggest::nearest;
pub use values::{
    ByteSize, ConfigPath, ExpressionText, Network, Rate, SecretSource, Share, TemplateText, TemplateTree,
};

/// What derived code calls; no part of the interface for people.
#[doc(hidden)]
pub mod derived {
    pub use super::fields::{Fields, Key, Known};
    pub use super::kinds::{Named, forms_mismatch, is_none_word, kind, read_text, word};
}
