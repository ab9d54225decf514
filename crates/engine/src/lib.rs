//! pintle-engine
#![forbid(unsafe_code)]
