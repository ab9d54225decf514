//! Runs an expression: a walk over its nodes, without anything made beforehand.

mod loops;

use std::borrow::Cow;
use std::cmp::Ordering;

use smallvec::SmallVec;

use super::arithmetic;
use super::budget::Budget;
use super::compare::Amount;
use super::fault::{EvalError, Reason};
use super::functions::{self, Args, Signature};
use super::node::{Binary, Node, Op};
use super::value::{Kind, List, Map, Value};
use super::variable::{NoScope, Scope};

type Result<'a> = std::result::Result<Value<'a>, EvalError>;

/// The value of `root`, within the bounds of one evaluation.
#[inline]
pub(super) fn evaluate<'a>(root: &'a Node, scope: &'a dyn Scope) -> Result<'a> {
    match &root.op {
        Op::Variable(variable) => scope.variable(variable).ok_or_else(|| absent(root)),
        Op::HasVariable(variable) => Ok(Value::Bool(scope.variable(variable).is_some())),
        _ => Run { scope, locals: SmallVec::new(), budget: Budget::new() }.value(root),
    }
}

/// The value of what names nothing, if it has one.
pub(super) fn constant(root: &Node) -> Option<Value<'static>> {
    evaluate(root, &NoScope).ok().map(Value::into_owned)
}

#[cold]
fn absent(node: &Node) -> EvalError {
    EvalError::new(node.range(), "this is absent")
}

#[cold]
fn no_key(node: &Node) -> EvalError {
    EvalError::new(node.range(), "there is nothing under this key")
}

struct Run<'a> {
    scope: &'a dyn Scope,
    locals: SmallVec<[Value<'a>; 2]>,
    budget: Budget,
}

impl<'a> Run<'a> {
    fn value(&mut self, node: &'a Node) -> Result<'a> {
        self.budget.step().map_err(|reason| EvalError::new(node.range(), reason))?;
        match &node.op {
            Op::Constant(value) => Ok(value.lend()),
            Op::Variable(variable) => self.scope.variable(variable).ok_or_else(|| absent(node)),
            Op::HasVariable(variable) => Ok(Value::Bool(self.scope.variable(variable).is_some())),
            Op::Local(slot) => self.local(*slot, node),
            Op::Field(base, name) => match self.value(base)? {
                Value::Map(map) => map.get(name).ok_or_else(|| no_key(node)),
                other => Err(no_field(node, &other)),
            },
            Op::HasField(base, name) => self.has_field(base, name, node),
            Op::Index(pair) => self.index(pair, node),
            Op::List(items) => self.list(items, node),
            Op::Map(entries) => self.map(entries, node),
            Op::And(pair) => self.both(pair, false),
            Op::Or(pair) => self.both(pair, true),
            Op::Not(operand) => Ok(Value::Bool(!self.condition(operand)?)),
            Op::Negate(operand) => {
                let value = self.value(operand)?;
                arithmetic::negate(value).map_err(|reason| EvalError::new(node.range(), reason))
            }
            Op::If(all) => match self.condition(&all[0])? {
                true => self.value(&all[1]),
                false => self.value(&all[2]),
            },
            Op::Binary(binary, pair) => self.binary(*binary, pair, node),
            Op::InTexts(item, texts) => Ok(Value::Bool(match self.value(item)? {
                Value::Text(text) => texts.binary_search_by(|known| known.as_ref().cmp(text.as_ref())).is_ok(),
                _ => false,
            })),
            Op::Matches(text, regex) => match self.value(text)? {
                Value::Text(text) => {
                    self.budget.look(text.len()).map_err(|reason| EvalError::new(node.range(), reason))?;
                    Ok(Value::Bool(regex.is_match(&text)))
                }
                other => {
                    let message = format!("`matches` takes a string here, found {}", other.kind());
                    Err(EvalError::new(node.range(), message))
                }
            },
            Op::Each(each) => self.each(each),
            Op::Call(signature, args) => self.call(signature, args, node),
        }
    }

    fn local(&mut self, slot: usize, node: &Node) -> Result<'a> {
        let Some(value) = self.locals.get(slot) else { return Err(absent(node)) };
        if let Value::Text(Cow::Owned(text)) = value {
            self.budget.make(text.len()).map_err(|reason| EvalError::new(node.range(), reason))?;
        }
        Ok(value.clone())
    }

    /// A variable that is absent has no field either: `has(claims.sub)` is asked where there may be no claims.
    fn has_field(&mut self, base: &'a Node, name: &str, node: &'a Node) -> Result<'a> {
        let base = match &base.op {
            Op::Variable(variable) => match self.scope.variable(variable) {
                Some(value) => value,
                None => return Ok(Value::Bool(false)),
            },
            _ => self.value(base)?,
        };
        match base {
            Value::Map(map) => Ok(Value::Bool(map.get(name).is_some())),
            other => Err(no_field(node, &other)),
        }
    }

    fn index(&mut self, pair: &'a [Node; 2], node: &'a Node) -> Result<'a> {
        let base = self.value(&pair[0])?;
        let key = self.value(&pair[1])?;
        match base {
            Value::Map(map) => map.find(&key).ok_or_else(|| no_key(node)),
            Value::List(list) => {
                let at = match Amount::of(&key) {
                    Some(Amount::Int(int)) => usize::try_from(int).ok(),
                    Some(Amount::Uint(uint)) => usize::try_from(uint).ok(),
                    Some(Amount::Double(double)) if double.fract() == 0.0 && double >= 0.0 => Some(double as usize),
                    _ => None,
                };
                let item = at.and_then(|at| list.get(at));
                item.ok_or_else(|| EvalError::new(node.range(), format!("a list of {} has no such item", list.len())))
            }
            other => {
                let message = format!("{} has no item under {}", other.kind(), key.kind());
                Err(EvalError::new(node.range(), message))
            }
        }
    }

    fn list(&mut self, items: &'a [Node], node: &'a Node) -> Result<'a> {
        self.make::<Value<'_>>(items.len(), node)?;
        let mut made = Vec::with_capacity(items.len());
        for item in items {
            made.push(self.value(item)?);
        }
        Ok(Value::List(List::Made(made.into())))
    }

    fn map(&mut self, entries: &'a [(Node, Node)], node: &'a Node) -> Result<'a> {
        self.make::<(Value<'_>, Value<'_>)>(entries.len(), node)?;
        let mut made: Vec<(Value<'a>, Value<'a>)> = Vec::with_capacity(entries.len());
        for (key_node, value_node) in entries {
            let key = self.value(key_node)?;
            if !matches!(key.kind(), Kind::Text | Kind::Bool | Kind::Int | Kind::Uint) {
                return Err(EvalError::new(key_node.range(), format!("{} is no key of a map", key.kind())));
            }
            self.budget.work(made.len() / 8).map_err(|reason| EvalError::new(node.range(), reason))?;
            if made.iter().any(|(known, _)| known.same_key(&key)) {
                return Err(EvalError::new(key_node.range(), "this key stands twice in the map"));
            }
            made.push((key, self.value(value_node)?));
        }
        Ok(Value::Map(Map::Made(made.into())))
    }

    fn make<T>(&mut self, count: usize, node: &Node) -> std::result::Result<(), EvalError> {
        self.budget.make(count * size_of::<T>()).map_err(|reason| EvalError::new(node.range(), reason))
    }

    fn condition(&mut self, node: &'a Node) -> std::result::Result<bool, EvalError> {
        match self.value(node)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!("this is {}, where true or false is wanted", other.kind());
                Err(EvalError::new(node.range(), message))
            }
        }
    }

    /// `&&` and `||`: the value that decides does so whatever the other side is, an error too.
    fn both(&mut self, pair: &'a [Node; 2], decides: bool) -> Result<'a> {
        let left = self.condition(&pair[0]);
        if matches!(left, Ok(value) if value == decides) {
            return Ok(Value::Bool(decides));
        }
        let right = self.condition(&pair[1])?;
        if right == decides {
            return Ok(Value::Bool(decides));
        }
        left.map(Value::Bool)
    }

    fn binary(&mut self, binary: Binary, pair: &'a [Node; 2], node: &'a Node) -> Result<'a> {
        let left = self.value(&pair[0])?;
        let right = self.value(&pair[1])?;
        let found = match binary {
            Binary::Equal => self.budget.compare(|work| left.equals(&right, work)).map(Value::Bool),
            Binary::NotEqual => self.budget.compare(|work| !left.equals(&right, work)).map(Value::Bool),
            Binary::Less => ordered(&left, &right, binary, Ordering::is_lt),
            Binary::LessEqual => ordered(&left, &right, binary, Ordering::is_le),
            Binary::Greater => ordered(&left, &right, binary, Ordering::is_gt),
            Binary::GreaterEqual => ordered(&left, &right, binary, Ordering::is_ge),
            Binary::In => self.contains(&left, &right).map(Value::Bool),
            _ => arithmetic::binary(binary, left, right, &mut self.budget),
        };
        found.map_err(|reason| EvalError::new(node.range(), reason))
    }

    fn contains(&mut self, item: &Value<'_>, whole: &Value<'_>) -> std::result::Result<bool, Reason> {
        match whole {
            Value::List(List::Made(items)) => self.budget.compare(|work| items.iter().any(|i| i.equals(item, work))),
            Value::List(List::Slice(items)) => self.budget.compare(|work| items.iter().any(|i| i.equals(item, work))),
            Value::List(list) => self.budget.compare(|work| list.iter().any(|i| i.equals(item, work))),
            Value::Map(_) if matches!(item.kind(), Kind::List | Kind::Map | Kind::Null | Kind::Bytes) => {
                Err(format!("{} is no key of a map", item.kind()).into())
            }
            Value::Map(map) => Ok(map.find(item).is_some()),
            other => Err(format!("`in` takes a list or a map, found {}", other.kind()).into()),
        }
    }

    fn call(&mut self, signature: &'static Signature, nodes: &'a [Node], node: &'a Node) -> Result<'a> {
        let mut args = Args::new();
        for arg in nodes {
            args.push(self.value(arg)?);
        }
        functions::call(signature, args, &mut self.budget).map_err(|reason| EvalError::new(node.range(), reason))
    }
}

fn no_field(node: &Node, value: &Value<'_>) -> EvalError {
    EvalError::new(node.range(), format!("{} has no fields", value.kind()))
}

fn ordered<'a>(
    left: &Value<'_>,
    right: &Value<'_>,
    binary: Binary,
    holds: fn(Ordering) -> bool,
) -> std::result::Result<Value<'a>, Reason> {
    match left.order(right) {
        Some(order) => Ok(Value::Bool(holds(order))),
        // NaN has no order, and is no error.
        None if Amount::of(left).is_some() && Amount::of(right).is_some() => Ok(Value::Bool(false)),
        None => Err(format!("`{}` does not take {} and {}", binary.symbol(), left.kind(), right.kind()).into()),
    }
}
