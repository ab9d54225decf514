//! pintle-upstream
#![forbid(unsafe_code)]
