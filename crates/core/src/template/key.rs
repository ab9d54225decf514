//! A key: what requests are told apart by, as an expression gives it, hashed.

use super::declared::Declared;
use super::expression::Expression;
use super::fault::Fault;
use super::variable::Scope;
use std::hash::BuildHasher;

/// An expression whose value counts as a key. Hashes are the same in every process of every gateway.
#[derive(Debug)]
pub struct Key(Expression);

impl Key {
    /// As [`Expression::compile`].
    pub fn compile(text: &str, declared: &Declared<'_>) -> Result<Key, Fault> {
        Expression::compile(text, declared).map(Key)
    }

    /// The hash of its value; none where that is absent, has no text or is empty.
    pub fn hash(&self, scope: &dyn Scope) -> Option<u64> {
        let value = self.0.evaluate(scope).ok()?;
        let mut text = String::new();
        value.write_text(&mut text).ok()?;
        (!text.is_empty()).then(|| foldhash::quality::FixedState::default().hash_one(text.as_str()))
    }
}
