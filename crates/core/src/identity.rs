//! Who a request comes from, as far as an authentication found out. Knows nothing of how that was found out.

use crate::template::{Entries, Value};
use std::fmt;
use std::sync::Arc;

/// A person or a program that the configuration knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Consumer {
    /// The unique name.
    pub name: Box<str>,
    /// The groups that it is in, in the written order.
    pub groups: Box<[Box<str>]>,
}

/// What a token, or whoever was asked about it, says of its bearer: a JSON object.
pub type Claims = Arc<dyn Entries + Send + Sync>;

/// Who a request comes from: nobody known, until a policy of authentication says more.
#[derive(Clone, Default)]
pub struct Identity {
    /// The consumer that it is. A token alone makes nobody a consumer.
    pub consumer: Option<Arc<Consumer>>,
    /// What its token says.
    pub claims: Option<Claims>,
}

impl Identity {
    /// A consumer without a token.
    pub fn of(consumer: Arc<Consumer>) -> Self {
        Identity { consumer: Some(consumer), claims: None }
    }

    /// Whether anything is known.
    pub fn is_known(&self) -> bool {
        self.consumer.is_some() || self.claims.is_some()
    }

    /// Adds what another authentication of the same request found. False where the two name different consumers: then
    /// nothing has changed.
    pub fn add(&mut self, other: Identity) -> bool {
        if let (Some(one), Some(two)) = (&self.consumer, &other.consumer)
            && one.name != two.name
        {
            return false;
        }
        self.consumer = other.consumer.or(self.consumer.take());
        self.claims = other.claims.or(self.claims.take());
        true
    }

    /// The consumer's name.
    pub fn name(&self) -> Option<&str> {
        self.consumer.as_ref().map(|consumer| &*consumer.name)
    }

    /// A claim that is a text.
    pub fn text_claim(&self, name: &str) -> Option<String> {
        match self.claims.as_ref()?.get(name)? {
            Value::Text(text) => Some(text.into_owned()),
            _ => None,
        }
    }
}

impl fmt::Debug for Identity {
    /// Claims are personal, and are not shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let claims = self.claims.as_ref().map(|claims| claims.len());
        f.debug_struct("Identity").field("consumer", &self.name()).field("claims", &claims).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn consumer(name: &str) -> Identity {
        Identity::of(Arc::new(Consumer { name: name.into(), groups: Box::default() }))
    }

    #[test]
    fn two_authentications_may_not_name_two_consumers() {
        let mut identity = consumer("acme");
        assert!(identity.add(Identity::default()) && identity.add(consumer("acme")));
        assert!(!identity.add(consumer("ops")));
        assert_eq!(identity.name(), Some("acme"));
    }
}
