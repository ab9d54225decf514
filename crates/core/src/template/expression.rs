//! An expression as the rest of Pintle sees it.

use super::compile::{self, Compiled};
use super::declared::Declared;
use super::evaluate;
use super::fault::{EvalError, Fault};
use super::names;
use super::node::{Node, Op};
use super::reads::{self, Access};
use super::value::{Kind, Value};
use super::variable::{Scope, Variable};
use super::wording;

/// A CEL expression, compiled: its names are slots, and it never makes more than its bounds allow.
#[derive(Debug)]
pub struct Expression {
    text: Box<str>,
    root: Node,
    variables: Box<[Variable]>,
}

impl Expression {
    /// Compiles `text`, in which the names of `declared` may stand. May start a thread: who compiles thousands wraps
    /// them in [`super::with_large_stack`].
    pub fn compile(text: &str, declared: &Declared<'_>) -> Result<Expression, Fault> {
        if let Some(at) = text.find("${") {
            return Err(template_mistake(text, at));
        }
        Expression::compile_within(text, declared)
    }

    /// As [`Expression::compile`], for a field that wants true or false: what is known to be anything else is a fault.
    pub fn compile_condition(text: &str, declared: &Declared<'_>) -> Result<Expression, Fault> {
        let expression = Expression::compile(text, declared)?;
        match expression.root.kind {
            Kind::Bool | Kind::Any => Ok(expression),
            kind => {
                let message = format!("this gives {kind}, where true or false is wanted");
                Err(Fault::new(expression.root.range(), message))
            }
        }
    }

    /// The expression of a template.
    pub(super) fn compile_within(text: &str, declared: &Declared<'_>) -> Result<Expression, Fault> {
        if text.trim().is_empty() {
            return Err(Fault::new(0..text.len(), "an expression is missing here"));
        }
        let Compiled { root, variables } = compile::compile(text, declared)?;
        Ok(Expression { text: text.into(), root, variables: variables.into() })
    }

    /// The value, borrowed from the scope and the expression where it can be.
    #[inline]
    pub fn evaluate<'a>(&'a self, scope: &'a dyn Scope) -> Result<Value<'a>, EvalError> {
        evaluate::evaluate(&self.root, scope)
    }

    /// Whether it holds; an error where the value is neither true nor false.
    pub fn holds(&self, scope: &dyn Scope) -> Result<bool, EvalError> {
        match self.evaluate(scope)? {
            Value::Bool(value) => Ok(value),
            other => {
                let message = format!("this gives {}, where true or false is wanted", other.kind());
                Err(EvalError::new(self.root.range(), message))
            }
        }
    }

    /// Every variable that may be asked for, each once.
    pub fn names(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter()
    }

    /// What it reads of its variables, in the order of its text, as far as that tells: of `a.b.c` all three names. The
    /// places are in bytes of [`Expression::text`].
    pub fn reads(&self) -> impl Iterator<Item = Access<'_>> {
        reads::reads(&self.root).into_iter()
    }

    /// Where the value itself is taken from, as far as it is not computed: of `x ? a.b : a.c` two places.
    pub fn origins(&self) -> impl Iterator<Item = Access<'_>> {
        reads::origins(&self.root).into_iter()
    }

    /// The type of the value, as far as it is known beforehand.
    pub fn kind(&self) -> Kind {
        self.root.kind
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The variable, where the expression is one and nothing else.
    pub fn variable(&self) -> Option<&Variable> {
        match &self.root.op {
            Op::Variable(variable) => Some(variable),
            _ => None,
        }
    }
}

/// `${…}` in a field that is an expression already.
fn template_mistake(text: &str, at: usize) -> Fault {
    let name = text[at + 2..].split('}').next().unwrap_or_default();
    let fault = wording::template_in_expression(at..at + 2);
    match names::looks_like_environment(name) {
        true => Fault::new(at..at + name.len() + 2, format!("`{name}` is no name of a request"))
            .help(names::environment(name)),
        false => fault,
    }
}
