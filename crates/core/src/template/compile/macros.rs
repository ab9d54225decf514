//! Which macro a loop came from: the parser has replaced `all`, `exists`, `exists_one`, `map` and `filter` by folds.

use cel::common::ast::{ComprehensionExpr, Expr, IdedExpr, LiteralValue, operators};

use crate::template::node::EachKind;

/// The macro, its condition if it has one, and its step.
pub(super) fn each_parts(fold: &ComprehensionExpr) -> Option<(EachKind, Option<&IdedExpr>, &IdedExpr)> {
    let Expr::Call(step) = &fold.loop_step.expr else { return None };
    let added = |expr: &'_ IdedExpr| matches!(&expr.expr, Expr::Call(call) if call.func_name == operators::ADD);
    match (&fold.accu_init.expr, step.func_name.as_str(), &step.args[..]) {
        (Expr::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_AND, [_, step]) => {
            Some((EachKind::All, None, step))
        }
        (Expr::Literal(LiteralValue::Boolean(_)), operators::LOGICAL_OR, [_, step]) => {
            Some((EachKind::Exists, None, step))
        }
        (Expr::Literal(LiteralValue::Int(_)), operators::CONDITIONAL, [step, ..]) => {
            Some((EachKind::ExistsOne, None, step))
        }
        (Expr::List(_), operators::ADD, _) => Some((EachKind::Map, None, appended(&fold.loop_step)?)),
        (Expr::List(_), operators::CONDITIONAL, [only, step, _]) if added(step) => {
            Some((EachKind::Map, Some(only), appended(step)?))
        }
        _ => None,
    }
}

/// What `@result + [x]` appends.
fn appended(expr: &IdedExpr) -> Option<&IdedExpr> {
    let Expr::Call(call) = &expr.expr else { return None };
    let [_, list] = &call.args[..] else { return None };
    let Expr::List(list) = &list.expr else { return None };
    list.elements.first()
}
