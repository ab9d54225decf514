//! Operators, and what can be said of their sides beforehand.

use std::ops::Range;

use cel::common::ast::{CallExpr, Expr, IdedExpr, operators};

use super::{Compiler, node};
use crate::template::fault::Fault;
use crate::template::node::{Binary, Node, Op};
use crate::template::value::{Kind, List, Value};
use crate::template::variable::Variable;

/// More literal texts than these after `in` are searched as a sorted set.
const FEW: usize = 8;

impl<'c> Compiler<'c> {
    pub(super) fn call(&mut self, call: &'c CallExpr, range: Range<usize>) -> Result<Node, Fault> {
        if call.target.is_none() {
            if let Some(binary) = Binary::of_operator(&call.func_name) {
                return self.binary(binary, call, range);
            }
            match (call.func_name.as_str(), &call.args[..]) {
                (operators::LOGICAL_AND, [a, b]) => {
                    return Ok(node(Op::And(Box::new([self.condition(a)?, self.condition(b)?])), Kind::Bool, range));
                }
                (operators::LOGICAL_OR, [a, b]) => {
                    return Ok(node(Op::Or(Box::new([self.condition(a)?, self.condition(b)?])), Kind::Bool, range));
                }
                (operators::LOGICAL_NOT, [a]) => {
                    return Ok(node(Op::Not(Box::new(self.condition(a)?)), Kind::Bool, range));
                }
                (operators::NEGATE, [a]) => return self.negate(a, range),
                (operators::CONDITIONAL, [condition, yes, no]) => {
                    let all = [self.condition(condition)?, self.node(yes)?, self.node(no)?];
                    let kind = if all[1].kind == all[2].kind { all[1].kind } else { Kind::Any };
                    return Ok(node(Op::If(Box::new(all)), kind, range));
                }
                (operators::INDEX, [base, key]) => return self.index(base, key, range),
                _ => {}
            }
        }
        self.function(call, range)
    }

    /// An operand that must be true or false.
    pub(super) fn condition(&mut self, expr: &'c IdedExpr) -> Result<Node, Fault> {
        let node = self.node(expr)?;
        match node.kind {
            Kind::Bool | Kind::Any => Ok(node),
            kind => Err(Fault::new(node.range(), format!("this is {kind}, where true or false is wanted"))),
        }
    }

    fn negate(&mut self, operand: &'c IdedExpr, range: Range<usize>) -> Result<Node, Fault> {
        let operand = self.node(operand)?;
        match operand.kind {
            kind @ (Kind::Int | Kind::Double | Kind::Any) => Ok(node(Op::Negate(Box::new(operand)), kind, range)),
            kind => Err(Fault::new(range, format!("`-` does not take {kind}"))),
        }
    }

    fn index(&mut self, base: &'c IdedExpr, key: &'c IdedExpr, range: Range<usize>) -> Result<Node, Fault> {
        let (base, key) = (self.node(base)?, self.node(key)?);
        let fits = match base.kind {
            Kind::List => key.kind.number() || key.kind == Kind::Any,
            Kind::Map => !matches!(key.kind, Kind::List | Kind::Map),
            kind => kind == Kind::Any,
        };
        if !fits {
            return Err(Fault::new(range, format!("{} has no item under {}", base.kind, key.kind)));
        }
        Ok(node(Op::Index(Box::new([base, key])), Kind::Any, range))
    }

    fn binary(&mut self, binary: Binary, call: &'c CallExpr, range: Range<usize>) -> Result<Node, Fault> {
        let [left, right] = &call.args[..] else { return Err(Fault::new(range, "an operator has two sides")) };
        if binary == Binary::Subtract
            && let Some(fault) = self.dashed_name(left, right)
        {
            return Err(fault);
        }
        let (left, right) = (self.node(left)?, self.node(right)?);
        let Some(kind) = binary.kind(left.kind, right.kind) else {
            let message = format!("`{}` does not take {} and {}", binary.symbol(), left.kind, right.kind);
            let fault = Fault::new(range, message);
            return Err(match (left.kind, right.kind) {
                (a, b) if a.number() && b.number() => {
                    fault.help(format!("make both the same: {}(…) {} {}(…)", a.plain(), binary.symbol(), a.plain()))
                }
                (Kind::Text, _) | (_, Kind::Text) if binary == Binary::Add => fault.help("make it text: string(…)"),
                (_, Kind::Text) if binary == Binary::In => fault.help("ask `text.contains(part)`"),
                _ => fault,
            });
        };
        if binary == Binary::In {
            return Ok(self.membership(left, right, range));
        }
        Ok(node(Op::Binary(binary, Box::new([left, right])), kind, range))
    }

    /// `in`, without a list or a map where one can be asked directly.
    fn membership(&mut self, item: Node, whole: Node, range: Range<usize>) -> Node {
        if let (Op::Constant(Value::Text(name)), Op::Variable(map)) = (&item.op, &whole.op)
            && let Some(variable) = entry_of(map, name)
        {
            return node(Op::HasVariable(self.uses(variable)), Kind::Bool, range);
        }
        if let Op::Constant(Value::List(List::Made(items))) = &whole.op
            && items.len() > FEW
        {
            let text = |item: &Value<'_>| if let Value::Text(text) = item { Some(text.as_ref().into()) } else { None };
            if let Some(mut texts) = items.iter().map(text).collect::<Option<Vec<Box<str>>>>() {
                texts.sort();
                return node(Op::InTexts(Box::new(item), texts.into()), Kind::Bool, range);
            }
        }
        node(Op::Binary(Binary::In, Box::new([item, whole])), Kind::Bool, range)
    }

    /// `request.headers.x-tenant` reads as a subtraction.
    fn dashed_name(&self, left: &'c IdedExpr, right: &'c IdedExpr) -> Option<Fault> {
        let Expr::Ident(second) = &right.expr else { return None };
        let steps = self.chain(left).filter(|steps| steps.len() > 2)?;
        let (first, range) = &steps[steps.len() - 1];
        let end = self.range(right).end;
        if self.text.get(range.start..end)? != format!("{first}-{second}") {
            return None;
        }
        let before = self.text.get(steps[0].1.start..range.start)?.trim_end_matches(['.', ' ']);
        let fault = Fault::new(range.start..end, format!("`{first}-{second}` is read as `{first}` minus `{second}`"));
        Some(fault.help(format!("write {before}['{first}-{second}']")))
    }
}

/// The variable under `name` of a map that is a variable too.
fn entry_of(map: &Variable, name: &str) -> Option<Variable> {
    Some(match map {
        Variable::RequestHeaders => Variable::RequestHeader(name.to_ascii_lowercase().into()),
        Variable::RequestQueries => Variable::RequestQuery(name.into()),
        Variable::RequestQueriesAll => Variable::RequestQueryAll(name.into()),
        Variable::RequestCookies => Variable::RequestCookie(name.into()),
        Variable::ResponseHeaders => Variable::ResponseHeader(name.to_ascii_lowercase().into()),
        Variable::RouteLabels => Variable::RouteLabel(name.into()),
        _ => return None,
    })
}
