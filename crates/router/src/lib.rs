//! pintle-router
#![forbid(unsafe_code)]
