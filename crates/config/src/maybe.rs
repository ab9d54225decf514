//! An item that may be broken without taking its siblings with it: what is wrong in it has been reported, and the rest
//! of the document is still looked at, so that one run finds all mistakes.

use pintle_core::config::{Node, Read, Reader, Shape};

/// A value, or nothing where it was broken.
#[derive(Clone, Debug, PartialEq)]
pub struct Maybe<T>(Option<T>);

impl<T> Maybe<T> {
    /// The value, if it is sound.
    pub fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }

    /// The value, to change it.
    pub fn get_mut(&mut self) -> Option<&mut T> {
        self.0.as_mut()
    }
}

impl<T: Read> Read for Maybe<T> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        Some(Maybe(T::read(node, reader)))
    }

    fn shape() -> Shape {
        T::shape()
    }
}
