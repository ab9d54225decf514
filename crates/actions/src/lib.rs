//! pintle-actions
#![forbid(unsafe_code)]
