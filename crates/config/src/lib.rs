//! From text to a running configuration: reads the files, puts the rooms' own types together into a [`Document`],
//! and assembles a `Runtime` from it. Finds every mistake at once, and changes nothing by itself.
#![forbid(unsafe_code)]

mod assemble;
mod bundle;
pub mod describe;
mod document;
pub mod explain;
mod level;
mod load;
mod maybe;
mod written;

pub use assemble::{World, assemble, assemble_written};
pub use bundle::{Bundle, Packed};
pub use describe::{Description, describe};
pub use document::{AdminConfig, Document, GuardConfig, Workers};
pub use load::{Checked, load, load_bundle, load_since, load_text};
pub use maybe::Maybe;
pub use written::Written;
