//! pintle-http1
#![forbid(unsafe_code)]
