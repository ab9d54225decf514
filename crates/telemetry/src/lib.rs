//! pintle-telemetry
#![forbid(unsafe_code)]
