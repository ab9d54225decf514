//! What tests of this room share.

use pintle_core::config::{Node, Read, Reader, Source};

/// Reads settings from a line of YAML, which must be good.
pub(crate) fn read<T: Read>(text: &str) -> T {
    let mut reader = Reader::new();
    let node = Node::parse(&Source::new("gateway.yaml", text), &mut reader.diagnostics);
    let value = T::read(&node, &mut reader);
    value.unwrap_or_else(|| panic!("{text}: {:?}", reader.diagnostics))
}
