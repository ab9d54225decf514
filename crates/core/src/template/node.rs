//! An expression as it is evaluated: every name a slot, every literal made once.

use std::ops::Range;

use regex::Regex;

use super::functions::Signature;
use super::value::{Kind, Value};
use super::variable::Variable;

/// One step of an evaluation.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) op: Op,
    /// The type of its value, as far as it is known.
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Node {
    pub(super) fn range(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }
}

#[derive(Debug)]
pub(super) enum Op {
    Constant(Value<'static>),
    Variable(Variable),
    /// `has()` of a name that is one variable.
    HasVariable(Variable),
    /// The name that a macro gives to an item.
    Local(usize),
    Field(Box<Node>, Box<str>),
    HasField(Box<Node>, Box<str>),
    Index(Box<[Node; 2]>),
    List(Box<[Node]>),
    Map(Box<[(Node, Node)]>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    Not(Box<Node>),
    Negate(Box<Node>),
    /// Condition, value if it holds, value if not.
    If(Box<[Node; 3]>),
    Binary(Binary, Box<[Node; 2]>),
    /// `in` over more than a few literal texts: sorted.
    InTexts(Box<Node>, Box<[Box<str>]>),
    /// `matches` with a literal pattern.
    Matches(Box<Node>, Regex),
    Each(Box<Each>),
    Call(&'static Signature, Box<[Node]>),
}

/// A macro over a list or the keys of a map.
#[derive(Debug)]
pub(super) struct Each {
    pub(super) over: Node,
    pub(super) slot: usize,
    pub(super) what: EachKind,
    /// `map` with a condition.
    pub(super) only: Option<Node>,
    pub(super) step: Node,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EachKind {
    All,
    Exists,
    ExistsOne,
    Map,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binary {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
}

impl Binary {
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Binary::Add => "+",
            Binary::Subtract => "-",
            Binary::Multiply => "*",
            Binary::Divide => "/",
            Binary::Remainder => "%",
            Binary::Equal => "==",
            Binary::NotEqual => "!=",
            Binary::Less => "<",
            Binary::LessEqual => "<=",
            Binary::Greater => ">",
            Binary::GreaterEqual => ">=",
            Binary::In => "in",
        }
    }

    pub(super) fn of_operator(name: &str) -> Option<Binary> {
        use cel::common::ast::operators as o;
        Some(match name {
            o::ADD => Binary::Add,
            o::SUBSTRACT => Binary::Subtract,
            o::MULTIPLY => Binary::Multiply,
            o::DIVIDE => Binary::Divide,
            o::MODULO => Binary::Remainder,
            o::EQUALS => Binary::Equal,
            o::NOT_EQUALS => Binary::NotEqual,
            o::LESS => Binary::Less,
            o::LESS_EQUALS => Binary::LessEqual,
            o::GREATER => Binary::Greater,
            o::GREATER_EQUALS => Binary::GreaterEqual,
            o::IN => Binary::In,
            _ => return None,
        })
    }

    /// The type of the result for operands of these types, `None` where there is none. What is not known takes part in
    /// everything.
    pub(super) fn kind(self, left: Kind, right: Kind) -> Option<Kind> {
        use Kind as K;
        match self {
            Binary::Equal | Binary::NotEqual => Some(K::Bool),
            Binary::In => matches!(right, K::List | K::Map | K::Any).then_some(K::Bool),
            Binary::Less | Binary::LessEqual | Binary::Greater | Binary::GreaterEqual => {
                let ordered = |kind| !matches!(kind, K::List | K::Map | K::Null | K::Type);
                let fit = left == K::Any || right == K::Any || left == right || left.number() && right.number();
                (fit && ordered(left) && ordered(right)).then_some(K::Bool)
            }
            _ => self.arithmetic(left, right),
        }
    }

    fn arithmetic(self, left: Kind, right: Kind) -> Option<Kind> {
        use Kind as K;
        let takes = |kind: Kind| match self {
            Binary::Add => kind.number() || matches!(kind, K::Text | K::Bytes | K::List | K::Timestamp | K::Duration),
            Binary::Subtract => kind.number() || matches!(kind, K::Timestamp | K::Duration),
            Binary::Remainder => matches!(kind, K::Int | K::Uint),
            _ => kind.number(),
        };
        match (left, right) {
            (K::Any, K::Any) => Some(K::Any),
            (K::Any, known) | (known, K::Any) => takes(known).then_some(K::Any),
            (K::Timestamp, K::Duration) if takes(left) => Some(K::Timestamp),
            (K::Duration, K::Timestamp) if self == Binary::Add => Some(K::Timestamp),
            (K::Timestamp, K::Timestamp) => (self == Binary::Subtract).then_some(K::Duration),
            _ => (left == right && takes(left)).then_some(left),
        }
    }
}
