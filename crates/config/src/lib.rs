//! pintle-config
#![forbid(unsafe_code)]
