//! Syntax tree to [`Node`]: names become slots, macros become loops, literals are made, and what cannot be right
//! whatever the request is found.

use std::ops::Range;

use cel::common::ast::{CallExpr, ComprehensionExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, operators};

use super::declared::Declared;
use super::evaluate;
use super::fault::Fault;
use super::functions::{self, Signature};
use super::names::{self, Step};
use super::node::{Binary, Each, EachKind, Node, Op};
use super::parse::{self, Parsed};
use super::value::{Kind, List, Value};
use super::variable::Variable;

/// How deep macros may stand within one another.
const MAX_LOOPS: usize = 4;
/// More literal texts than these after `in` are searched as a sorted set.
const FEW: usize = 8;

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

    fn call(&mut self, call: &'c CallExpr, range: Range<usize>) -> Result<Node, Fault> {
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
    fn condition(&mut self, expr: &'c IdedExpr) -> Result<Node, Fault> {
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
                (Kind::Text, b) if binary == Binary::Add && b != Kind::Text => fault.help("make it text: string(…)"),
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
        let Some((what, only, step)) = each_parts(fold) else {
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

    /// Where an expression stands: its operator's token and its operands, with the name or bracket that belongs to it.
    fn range(&self, expr: &IdedExpr) -> Range<usize> {
        let mut range = match self.parsed.places.offset_for(expr.id) {
            Some((start, end)) => start as usize..(end as usize + 1).max(start as usize),
            None => 0..self.text.len(),
        };
        let mut cover = |part: &IdedExpr| {
            let part = self.range(part);
            range = range.start.min(part.start)..range.end.max(part.end);
        };
        match &expr.expr {
            Expr::Select(select) => {
                cover(&select.operand);
                range.end = self.field_end(expr, &select.operand, &select.field).max(range.end);
            }
            Expr::Call(call) => {
                call.target.iter().for_each(|target| cover(target));
                call.args.iter().for_each(&mut cover);
                if super::lex::is_word(&call.func_name) && call.target.is_none() {
                    range.start = self
                        .text
                        .get(..range.start)
                        .and_then(|before| before.rfind(&*call.func_name))
                        .unwrap_or(range.start);
                }
                if super::lex::is_word(&call.func_name) || call.func_name == operators::INDEX {
                    range.end = self.past(range.end, [')', ']']);
                }
            }
            Expr::List(list) => {
                list.elements.iter().for_each(&mut cover);
                range.end = self.past(range.end, [']', ']']);
            }
            Expr::Map(map) => {
                for entry in &map.entries {
                    if let EntryExpr::MapEntry(entry) = &entry.expr {
                        cover(&entry.value);
                    }
                }
                range.end = self.past(range.end, ['}', '}']);
            }
            Expr::Comprehension(fold) => {
                cover(&fold.iter_range);
                cover(&fold.loop_step);
                range.end = self.past(range.end, [')', ')']);
            }
            _ => {}
        }
        floor(self.text, range.start)..floor(self.text, range.end.min(self.text.len()))
    }

    /// The end of the field's name after the dot; a test's own token is its macro's, so look after the operand.
    fn field_end(&self, expr: &IdedExpr, operand: &IdedExpr, field: &str) -> usize {
        let dot = match (is_test(expr), self.parsed.places.offset_for(expr.id)) {
            (false, Some((_, end))) => end as usize + 1,
            _ => self.range(operand).end,
        };
        let rest = self.text.get(dot..).unwrap_or_default();
        rest.find(field).map_or(dot, |at| dot + at + field.len())
    }

    /// One closing bracket after `at`, with the white space before it.
    fn past(&self, at: usize, closing: [char; 2]) -> usize {
        let Some(rest) = self.text.get(at..) else { return at };
        let trimmed = rest.trim_start_matches([' ', '\n', '\t', '\r', ',']);
        if trimmed.starts_with(closing) { at + rest.len() - trimmed.len() + 1 } else { at }
    }
}

fn floor(text: &str, mut at: usize) -> usize {
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
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

/// Which macro a loop came from, its condition and its step.
fn each_parts(fold: &ComprehensionExpr) -> Option<(EachKind, Option<&IdedExpr>, &IdedExpr)> {
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

/// The number and the types of what a function is called with.
fn check(signature: &Signature, args: &[Node], method: bool, range: &Range<usize>) -> Result<(), Fault> {
    let most = signature.takes.len();
    if args.len() < signature.least || args.len() > most {
        let own = usize::from(method);
        let wanted = match (signature.least - own, most - own) {
            (least, most) if least == most => format!("{least}"),
            (least, most) => format!("{least} to {most}"),
        };
        let message = format!("`{}` takes {wanted} arguments, found {}", signature.name, args.len() - own);
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
