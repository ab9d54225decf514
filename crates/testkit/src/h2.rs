//! HTTP/2 from both ends of politeness: a client on the `h2` crate, and frames by hand for what no client would send.

pub(crate) mod client;
pub(crate) mod frame;
pub(crate) mod raw;
