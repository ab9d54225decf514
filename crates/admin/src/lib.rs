//! pintle-admin
#![forbid(unsafe_code)]
