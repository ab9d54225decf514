//! From text to a running configuration: reads the files, puts the rooms' own types together into a [`Document`],
//! and assembles a `Runtime` from it. Finds every mistake at once, and changes nothing by itself.
#![forbid(unsafe_code)]

mod advise;
mod assemble;
mod bundle;
mod check;
mod codes;
mod comment;
pub mod describe;
pub mod diff;
mod document;
mod errors;
pub mod explain;
mod level;
mod load;
mod maybe;
mod metrics;
mod openapi;
mod reference;
pub mod replay;
mod schema;
mod shown;
mod written;

pub use assemble::{World, assemble, assemble_written};
pub use bundle::{Bundle, Packed};
pub use check::{Verdict, check, check_text};
pub use codes::CODES;
pub use describe::{Description, describe};
pub use diff::diff;
pub use document::{AdminConfig, AdminHost, Document, GuardConfig, Workers};
pub use errors::{ErrorsConfig, PageConfig};
pub use load::{Checked, load, load_bundle, load_since, load_text};
pub use maybe::Maybe;
pub use metrics::{metrics, metrics_page};
pub use reference::reference;
pub use schema::schema;
pub use written::Written;
