//! The macros: `all`, `exists`, `exists_one`, `map` and `filter`.

use super::{Result, Run};
use crate::template::fault::EvalError;
use crate::template::node::{Each, EachKind};
use crate::template::value::{List, Value};

impl<'a> Run<'a> {
    pub(super) fn each(&mut self, each: &'a Each) -> Result<'a> {
        let over = match self.value(&each.over)? {
            Value::List(list) => list,
            Value::Map(map) => {
                let mut keys = Vec::with_capacity(map.len());
                map.each(&mut |key, _| keys.push(key));
                self.make::<Value<'_>>(keys.len(), &each.over)?;
                List::Made(keys.into())
            }
            other => {
                let message = format!("this is {}, where a list or a map is wanted", other.kind());
                return Err(EvalError::new(each.over.range(), message));
            }
        };
        let depth = self.locals.len();
        self.locals.push(Value::Null);
        let result = match each.what {
            EachKind::All => self.any(each, &over, false),
            EachKind::Exists => self.any(each, &over, true),
            EachKind::ExistsOne => self.exists_one(each, &over),
            EachKind::Map => self.map_each(each, &over),
        };
        self.locals.truncate(depth);
        result
    }

    fn item(&mut self, each: &'a Each, over: &List<'a>, at: usize) -> std::result::Result<bool, EvalError> {
        self.budget.step().map_err(|reason| EvalError::new(each.over.range(), reason))?;
        let Some(item) = over.get(at) else { return Ok(false) };
        self.locals[each.slot] = item;
        Ok(true)
    }

    /// `all` and `exists`: an item that decides does so, whatever failed before.
    fn any(&mut self, each: &'a Each, over: &List<'a>, decides: bool) -> Result<'a> {
        let mut failed = None;
        for at in 0..over.len() {
            if !self.item(each, over, at)? {
                break;
            }
            match self.condition(&each.step) {
                Ok(value) if value == decides => return Ok(Value::Bool(decides)),
                Ok(_) => {}
                Err(error) => failed = failed.or(Some(error)),
            }
        }
        failed.map_or(Ok(Value::Bool(!decides)), Err)
    }

    fn exists_one(&mut self, each: &'a Each, over: &List<'a>) -> Result<'a> {
        let mut count = 0;
        for at in 0..over.len() {
            if self.item(each, over, at)? && self.condition(&each.step)? {
                count += 1;
            }
        }
        Ok(Value::Bool(count == 1))
    }

    fn map_each(&mut self, each: &'a Each, over: &List<'a>) -> Result<'a> {
        let mut made = Vec::new();
        for at in 0..over.len() {
            if !self.item(each, over, at)? {
                break;
            }
            if let Some(only) = &each.only
                && !self.condition(only)?
            {
                continue;
            }
            self.make::<Value<'_>>(1, &each.step)?;
            made.push(self.value(&each.step)?);
        }
        Ok(Value::List(List::Made(made.into())))
    }
}
