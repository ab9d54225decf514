//! `#[derive(Read)]`: a configuration type reads itself from a tree with positions.
