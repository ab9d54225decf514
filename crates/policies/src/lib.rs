//! pintle-policies
#![forbid(unsafe_code)]
