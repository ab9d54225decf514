//! What a policy keeps of a request on its way in for the same request's way out: further in, fields may be changed.

use smallvec::SmallVec;
use std::any::Any;
use std::fmt;

/// At most one value of each type.
#[derive(Default)]
pub struct Kept(SmallVec<[Box<dyn Any + Send + Sync>; 1]>);

impl Kept {
    /// Keeps a value, in place of one of its type.
    pub fn put<T: Any + Send + Sync>(&mut self, value: T) {
        self.0.retain(|one| !one.is::<T>());
        self.0.push(Box::new(value));
    }

    /// The value of that type, if one was kept.
    pub fn get<T: Any>(&self) -> Option<&T> {
        self.0.iter().find_map(|one| one.downcast_ref())
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kept({} values)", self.0.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_of_each_type_is_kept() {
        let mut kept = Kept::default();
        assert_eq!(kept.get::<u8>(), None);
        kept.put(1u8);
        kept.put("two");
        kept.put(3u8);
        assert_eq!((kept.get::<u8>(), kept.get::<&str>()), (Some(&3), Some(&"two")));
    }
}
