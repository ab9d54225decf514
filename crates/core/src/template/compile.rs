//! Syntax tree to [`Node`]: names become slots, macros become loops, literals are made, and what cannot be right
//! whatever the request is found.

mod macros;
mod ranges;
mod sides;

use std::ops::Range;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::declared::Declared;
use super::evaluate;
use super::fault::Fault;
use super::functions::{self, Signature};
use super::names::{self, Step};
use super::node::{Each, EachKind, Node, Op};
use super::parse::{self, Parsed};
use super::value::{Kind, Value};
use super::variable::Variable;

/// How deep macros may stand within one another.
const MAX_LOOPS: usize = 4;

pub(super) struct Compiled {
    pub(super) root: Node,
    pub(super) variables: Vec<Variable>,
}

pub(super) fn compile(text: &str, declared: &Declared<'_>) -> Result<Compiled, Fault> {
    let parsed = parse::parse(text)?;
    let mut compiler = Compiler { text, parsed: &parsed, declared, locals: Vec::new(), variables: Vec::new() };
    let root = compiler.node(&parsed.root)?;
    Ok(Compiled { root, variables: compiler.variables })
}

struct Compiler<'c> {
    text: &'c str,
    parsed: &'c Parsed,
    declared: &'c Declared<'c>,
    /// The names that macros around give to their items.
    locals: Vec<&'c str>,
    variables: Vec<Variable>,
}

impl<'c> Compiler<'c> {
    fn node(&mut self, expr: &'c IdedExpr) -> Result<Node, Fault> {
        let range = self.range(expr);
        if let Some(node) = self.name(expr, &range)? {
            return Ok(node);
        }
        match &expr.expr {
            Expr::Literal(literal) => Ok(constant(literal_value(literal), range)),
            Expr::Select(select) => self.select(select, range),
            Expr::Call(call) => self.call(call, range),
            Expr::Comprehension(fold) => self.each(fold, range),
            Expr::List(list) => {
                let items = self.nodes(&list.elements)?;
                Ok(folded(Op::List(items.into()), Kind::List, range))
            }
            Expr::Map(map) => {
                let mut entries = Vec::with_capacity(map.entries.len());
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        entries.push((self.node(&entry.key)?, self.node(&entry.value)?));
                    }
                }
                Ok(folded(Op::Map(entries.into()), Kind::Map, range))
            }
            Expr::Struct(message) => {
                let text = format!("`{}{{…}}` makes a message, and there are none", message.type_name);
                Err(Fault::new(range, text).help("a map is written {'key': value}"))
            }
            Expr::Ident(_) | Expr::Unspecified => Err(Fault::new(range, "this is no value")),
        }
    }

    fn nodes(&mut self, exprs: &'c [IdedExpr]) -> Result<Vec<Node>, Fault> {
        exprs.iter().map(|expr| self.node(expr)).collect()
    }

    /// A chain of names that begins with one of a macro, a type, or a variable.
    fn name(&mut self, expr: &'c IdedExpr, range: &Range<usize>) -> Result<Option<Node>, Fault> {
        let Some(steps) = self.chain(expr) else { return Ok(None) };
        let (root, _) = steps[0];
        if steps.len() == 1
            && let Some(slot) = self.locals.iter().rposition(|local| *local == root)
        {
            return Ok(Some(node(Op::Local(slot), Kind::Any, range.clone())));
        }
        if self.locals.contains(&root) {
            return Ok(None);
        }
        if let Some(kind) = type_name(&steps) {
            return Ok(Some(constant(Value::Type(kind), range.clone())));
        }
        let (variable, taken) = names::resolve(&steps, self.declared)?;
        if taken < steps.len() {
            return Ok(None);
        }
        let (op, kind) = match is_test(expr) {
            true => (Op::HasVariable(self.uses(variable)), Kind::Bool),
            false => {
                let kind = variable.kind();
                (Op::Variable(self.uses(variable)), kind)
            }
        };
        Ok(Some(node(op, kind, range.clone())))
    }

    fn uses(&mut self, variable: Variable) -> Variable {
        if !self.variables.contains(&variable) {
            self.variables.push(variable.clone());
        }
        variable
    }

    /// The names of `a.b['c']`, `None` for anything else.
    fn chain(&self, expr: &'c IdedExpr) -> Option<Vec<Step<'c>>> {
        match &expr.expr {
            Expr::Ident(name) => Some(vec![(name.strip_prefix('.').unwrap_or(name), self.range(expr))]),
            Expr::Select(select) => {
                let mut steps = self.chain(&select.operand).filter(|_| !is_test(&select.operand))?;
                let end = self.range(expr).end;
                steps.push((&select.field, end.saturating_sub(select.field.len())..end));
                Some(steps)
            }
            Expr::Call(call) if call.func_name == operators::INDEX => {
                let [base, key] = &call.args[..] else { return None };
                let Expr::Literal(LiteralValue::String(name)) = &key.expr else { return None };
                let mut steps = self.chain(base).filter(|_| !is_test(base))?;
                steps.push((name.inner(), self.range(key)));
                Some(steps)
            }
            _ => None,
        }
    }

    fn select(&mut self, select: &'c SelectExpr, range: Range<usize>) -> Result<Node, Fault> {
        let base = self.node(&select.operand)?;
        if !matches!(base.kind, Kind::Map | Kind::Any) {
            let message = format!("{} has no `{}`", base.kind, select.field);
            return Err(Fault::new(range, message).suggest(&select.field, functions::method_names()));
        }
        let field = select.field.as_str().into();
        Ok(match select.test {
            true => node(Op::HasField(Box::new(base), field), Kind::Bool, range),
            false => node(Op::Field(Box::new(base), field), Kind::Any, range),
        })
    }

    fn function(&mut self, call: &'c CallExpr, range: Range<usize>) -> Result<Node, Fault> {
        let mut name = call.func_name.as_str();
        let mut target = call.target.as_deref();
        if let Some(Expr::Ident(namespace)) = target.map(|target| &target.expr)
            && namespace == "strings"
            && name == "quote"
        {
            (name, target) = ("strings.quote", None);
        }
        let signature = functions::find(name.strip_prefix('.').unwrap_or(name), target.is_some(), range.clone())?;
        let mut args = Vec::with_capacity(call.args.len() + 1);
        for arg in target.into_iter().chain(&call.args) {
            args.push(self.node(arg)?);
        }
        check(signature, &args, target.is_some(), &range)?;
        if signature.name == "matches"
            && let [_, pattern] = &args[..]
            && let Op::Constant(Value::Text(text)) = &pattern.op
        {
            let regex = functions::regex(text).map_err(|reason| Fault::new(pattern.range(), reason))?;
            let text = args.swap_remove(0);
            return Ok(node(Op::Matches(Box::new(text), regex), Kind::Bool, range));
        }
        Ok(folded(Op::Call(signature, args.into()), signature.result, range))
    }

    fn each(&mut self, fold: &'c ComprehensionExpr, range: Range<usize>) -> Result<Node, Fault> {
        let Some((what, only, step)) = macros::each_parts(fold) else {
            return Err(Fault::new(range, "this macro is not known"));
        };
        if self.locals.len() >= MAX_LOOPS {
            let message = format!("`map`, `filter`, `all` and `exists` stand at most {MAX_LOOPS} deep in one another");
            return Err(Fault::new(range, message));
        }
        let over = self.node(&fold.iter_range)?;
        if !matches!(over.kind, Kind::List | Kind::Map | Kind::Any) {
            return Err(Fault::new(over.range(), format!("this is {}, where a list or a map is wanted", over.kind)));
        }
        let slot = self.locals.len();
        self.locals.push(&fold.iter_var);
        let only = only.map(|only| self.condition(only)).transpose();
        let step = match what {
            EachKind::Map => self.node(step),
            _ => self.condition(step),
        };
        self.locals.pop();
        let kind = if what == EachKind::Map { Kind::List } else { Kind::Bool };
        let each = Each { over, slot, what, only: only?, step: step? };
        Ok(node(Op::Each(Box::new(each)), kind, range))
    }
}

fn is_test(expr: &IdedExpr) -> bool {
    matches!(&expr.expr, Expr::Select(select) if select.test)
}

fn node(op: Op, kind: Kind, range: Range<usize>) -> Node {
    Node { op, kind, start: range.start as u32, end: range.end as u32 }
}

fn constant(value: Value<'static>, range: Range<usize>) -> Node {
    let kind = value.kind();
    node(Op::Constant(value), kind, range)
}

/// Made now if all of it is known now. What fails stays, to fail where it is reached.
fn folded(op: Op, kind: Kind, range: Range<usize>) -> Node {
    let known = |node: &Node| matches!(node.op, Op::Constant(_));
    let all = match &op {
        Op::List(items) => items.iter().all(known),
        Op::Map(entries) => entries.iter().all(|(key, value)| known(key) && known(value)),
        Op::Call(_, args) => args.iter().all(known),
        _ => false,
    };
    let made = node(op, kind, range);
    match all.then(|| evaluate::constant(&made)).flatten() {
        Some(value) => Node { op: Op::Constant(value), ..made },
        None => made,
    }
}

fn literal_value(literal: &LiteralValue) -> Value<'static> {
    match literal {
        LiteralValue::Boolean(value) => Value::Bool(*value.inner()),
        LiteralValue::Bytes(value) => Value::Bytes(value.inner().to_vec().into()),
        LiteralValue::Double(value) => Value::Double(*value.inner()),
        LiteralValue::Int(value) => Value::Int(*value.inner()),
        LiteralValue::Null => Value::Null,
        LiteralValue::String(value) => Value::Text(value.inner().to_owned().into()),
        LiteralValue::UInt(value) => Value::Uint(*value.inner()),
    }
}

fn type_name(steps: &[Step<'_>]) -> Option<Kind> {
    const NAMED: [Kind; 10] = [
        Kind::Null,
        Kind::Bool,
        Kind::Int,
        Kind::Uint,
        Kind::Double,
        Kind::Text,
        Kind::Bytes,
        Kind::List,
        Kind::Map,
        Kind::Type,
    ];
    match steps {
        [(name, _)] => NAMED.into_iter().find(|kind| kind.name() == *name),
        [("google", _), ("protobuf", _), ("Timestamp", _)] => Some(Kind::Timestamp),
        [("google", _), ("protobuf", _), ("Duration", _)] => Some(Kind::Duration),
        _ => None,
    }
}

/// The number and the types of what a function is called with.
fn check(signature: &Signature, args: &[Node], method: bool, range: &Range<usize>) -> Result<(), Fault> {
    let most = signature.takes.len();
    if args.len() < signature.least || args.len() > most {
        let own = usize::from(method);
        let wanted = match (signature.least - own, most - own) {
            (1, 1) => "1 argument".to_owned(),
            (least, most) if least == most => format!("{least} arguments"),
            (least, most) => format!("{least} to {most} arguments"),
        };
        let message = format!("`{}` takes {wanted}, found {}", signature.name, args.len() - own);
        return Err(Fault::new(range.clone(), message));
    }
    for (arg, takes) in args.iter().zip(signature.takes) {
        if !takes.has(arg.kind) {
            let message = format!("`{}` takes {takes} here, found {}", signature.name, arg.kind);
            let fault = Fault::new(arg.range(), message);
            return Err(if takes.has(Kind::Text) { fault.help("make it text: string(…)") } else { fault });
        }
    }
    Ok(())
}
