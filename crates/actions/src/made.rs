//! Header fields that a configuration gives to a message: known beforehand, or made by templates for each.

use pintle_core::Fields;
use pintle_core::config::{Map, Reader, TemplateText};
use pintle_core::template::{Declared, EvalError, Scope, Template};
use pintle_policies::field::{self, Side, Value};

/// Fields, built.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// Those whose values are known beforehand.
    pub(crate) known: Fields,
    made: Box<[(Box<str>, Value)]>,
}

impl Made {
    /// Builds them; what is wrong is reported.
    pub(crate) fn build(
        config: &Map<TemplateText>,
        side: Side,
        place: &Declared<'_>,
        reader: &mut Reader,
    ) -> Option<Self> {
        let mut good = true;
        let (mut known, mut made) = (Fields::new(), Vec::new());
        for (name, text) in config {
            match (field::name_to_set(name, side, reader), Value::build(text, place, reader)) {
                (Some(name), Some(Value::Literal(value))) => known.append(&*name, value.as_bytes()),
                (Some(name), Some(value)) => made.push((name, value)),
                _ => good = false,
            }
        }
        good.then(|| Made { known, made: made.into() })
    }

    /// Whether one has that name, in small letters.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.known.contains(name) || self.made.iter().any(|(made, _)| **made == *name)
    }

    /// Its templates.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.made.iter().filter_map(|(_, value)| value.template())
    }

    /// The template of the one that has that name, if it has one.
    pub(crate) fn template(&self, name: &str) -> Option<&Template> {
        let named = self.made.iter().find(|(made, _)| made.eq_ignore_ascii_case(name));
        named.and_then(|(_, value)| value.template())
    }

    /// Puts them in place of what is there under their names. One whose template fails is left out.
    pub(crate) fn put(&self, scope: &dyn Scope, fields: &mut Fields) {
        let _ = self.write(scope, fields, |_| Ok(()));
    }

    /// As [`Made::put`]; a template that fails is an error.
    pub(crate) fn put_all(&self, scope: &dyn Scope, fields: &mut Fields) -> Result<(), EvalError> {
        self.write(scope, fields, Err)
    }

    fn write(
        &self,
        scope: &dyn Scope,
        fields: &mut Fields,
        failed: impl Fn(EvalError) -> Result<(), EvalError>,
    ) -> Result<(), EvalError> {
        let mut text = String::new();
        fields.retain(|name, _| !self.has(name.as_str()));
        for (name, value) in self.known.iter() {
            fields.append(name, value);
        }
        for (name, value) in &self.made {
            text.clear();
            match value.render(scope, &mut text) {
                Ok(()) => fields.append(&**name, text.as_bytes()),
                Err(error) => failed(error)?,
            }
        }
        Ok(())
    }
}
