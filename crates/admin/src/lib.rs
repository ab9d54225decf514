//! The admin API: health, status, metrics, changes, explanations, at an address of its own. Owns who may ask what, and how
//! it is described; what the answers say comes from whoever runs the gateway, by [`Control`].
//!
//! Everything that can be asked for is an entry of one table, [`OPERATIONS`]. From it come the dispatch, who may, the reading
//! of parameters, the OpenAPI document ([`openapi`]), the page ([`page`]), and what the program's own commands ask by.
#![forbid(unsafe_code)]
#![expect(clippy::result_large_err, reason = "calls are few, and few of them end in trouble")]

mod access;
mod answer;
mod asked;
mod audit;
mod call;
mod caller;
mod changes;
mod control;
mod dispatch;
mod openapi;
mod operation;
mod operations;
mod page;
mod places;
mod schema;
mod server;
mod trouble;
mod why;

pub use caller::{Caller, Peer};
pub use control::{
    Access, Change, Control, Done, ExplainAsk, Explained, Offer, Refused, StatusAsk, Token, Unexplained, Verdict,
    WhyAsk,
};
pub use openapi::openapi;
pub use operation::{Operation, Verb};
pub use operations::*;
pub use page::page;
pub use server::{Listening, serve};
