//! pintle-testkit
#![forbid(unsafe_code)]
