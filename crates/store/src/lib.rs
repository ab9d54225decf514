//! State that is kept outside of the process: in Redis, which replicas share, or in a file. Knows no policy.
#![forbid(unsafe_code)]
