//! Text to syntax tree, by the `cel` crate. Its parser recurses without a limit of its own on flat chains, so it runs
//! on a thread with a large stack; what comes back is known to be shallow. Equal texts are parsed once and kept over
//! reloads. Plain names (`client.ip`, `request.headers['x']`), which most expressions are, need neither.

use std::cell::Cell;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock};

use cel::common::ast::{CallExpr, EntryExpr, Expr, IdedExpr, LiteralValue, SelectExpr, SourceInfo, operators};
use cel::parser::Parser;
use parking_lot::Mutex;

use super::fault::Fault;
use super::lex::{self, Lexeme};
use super::wording;

/// The longest expression, in bytes.
pub(super) const MAX_LENGTH: usize = 4096;
/// The deepest nesting of a syntax tree.
pub(super) const MAX_DEPTH: usize = 64;
const STACK: usize = 64 << 20;
const KEPT: usize = 4096;

/// A syntax tree that is no deeper than [`MAX_DEPTH`], and where its nodes stand.
pub(super) struct Parsed {
    pub(super) root: IdedExpr,
    pub(super) places: SourceInfo,
}

static PARSED: LazyLock<Mutex<HashMap<Box<str>, Arc<Parsed>>>> = LazyLock::new(Mutex::default);

thread_local! {
    static LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `work` on a thread with a stack that any expression can be parsed on. Compiling outside of it starts such a
/// thread for each new text; who compiles thousands wraps them all in one call. Waits for `work` to end; a panic in it
/// goes on here. Where no thread can be had, `work` runs on this one.
pub fn with_large_stack<R: Send>(work: impl FnOnce() -> R + Send) -> R {
    if LARGE.get() {
        return work();
    }
    let mut slot = Some(work);
    let done = std::thread::scope(|scope| {
        let take = &mut slot;
        let run = move || {
            LARGE.set(true);
            take.take().map(|work| work())
        };
        let thread = std::thread::Builder::new().name("compile".into()).stack_size(STACK);
        let started = thread.spawn_scoped(scope, run);
        started.ok().map(|thread| thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    match (done.flatten(), slot.take()) {
        (Some(result), _) => result,
        (None, Some(work)) => work(),
        (None, None) => unreachable!("the work either ran to its end, panicked, or is still in its slot"),
    }
}

/// The syntax tree of `text`, or what is wrong with it.
pub(super) fn parse(text: &str) -> Result<Arc<Parsed>, Fault> {
    if text.len() > MAX_LENGTH {
        let message = format!("an expression has at most {MAX_LENGTH} bytes, this one has {}", text.len());
        return Err(Fault::new(0..text.len(), message));
    }
    if let Some(parsed) = plain_name(text) {
        return Ok(Arc::new(parsed));
    }
    if let Some(parsed) = PARSED.lock().get(text) {
        return Ok(parsed.clone());
    }
    let parsed = Arc::new(with_large_stack(|| {
        if !LARGE.get() {
            return Err(Fault::new(0..text.len(), "no thread could be started to read this expression"));
        }
        catch_unwind(AssertUnwindSafe(|| on_large_stack(text)))
            .unwrap_or_else(|_| Err(Fault::new(0..text.len(), "this expression cannot be read")))
    })?);
    let mut kept = PARSED.lock();
    if kept.len() >= KEPT {
        kept.clear();
    }
    kept.insert(text.into(), parsed.clone());
    Ok(parsed)
}

fn on_large_stack(text: &str) -> Result<Parsed, Fault> {
    let (root, places) =
        Parser::new().parse_with_source_info(text).map_err(|errors| wording::of_parser(text, &errors.errors))?;
    if deeper_than(&root, MAX_DEPTH) {
        let message = format!("an expression is nested at most {MAX_DEPTH} deep");
        return Err(Fault::new(0..text.len(), message).help("a chain of `+` counts one for each"));
    }
    Ok(Parsed { root, places })
}

fn deeper_than(expr: &IdedExpr, levels: usize) -> bool {
    let Some(levels) = levels.checked_sub(1) else { return true };
    let deeper = |expr: &IdedExpr| deeper_than(expr, levels);
    match &expr.expr {
        Expr::Call(call) => call.target.as_deref().is_some_and(deeper) || call.args.iter().any(deeper),
        Expr::Comprehension(fold) => {
            deeper(&fold.iter_range) || deeper(&fold.loop_cond) || deeper(&fold.loop_step) || deeper(&fold.result)
        }
        Expr::List(list) => list.elements.iter().any(deeper),
        Expr::Map(map) => map.entries.iter().any(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => deeper(&entry.key) || deeper(&entry.value),
            EntryExpr::StructField(field) => deeper(&field.value),
        }),
        Expr::Struct(message) => message.entries.iter().any(|entry| match &entry.expr {
            EntryExpr::MapEntry(entry) => deeper(&entry.key) || deeper(&entry.value),
            EntryExpr::StructField(field) => deeper(&field.value),
        }),
        Expr::Select(select) => deeper(&select.operand),
        Expr::Ident(_) | Expr::Literal(_) | Expr::Unspecified => false,
    }
}

/// Whether a word is no name to the parser.
pub fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// A name, fields of it, and fields in brackets, and nothing else; as the parser would give it.
fn plain_name(text: &str) -> Option<Parsed> {
    let mut places = SourceInfo::default();
    places.source = text.to_owned();
    let mut id = 0;
    let mut place = |range: &std::ops::Range<usize>| {
        id += 1;
        places.add_offset(id, range.start as u32, range.end as u32 - 1);
        id
    };
    let word = |at: usize| {
        let token = lex::next(text, at).filter(|token| token.lexeme == Lexeme::Word)?;
        let word = &text[token.range.clone()];
        (!is_reserved(word)).then(|| (word.to_owned(), token.range))
    };
    let symbol = |at: usize, wanted: &str| lex::next(text, at).filter(|token| text[token.range.clone()] == *wanted);

    let (name, mut last) = word(0)?;
    let mut root = IdedExpr { id: place(&last), expr: Expr::Ident(name) };
    for depth in 0.. {
        if lex::next(text, last.end).is_none() {
            break;
        }
        if depth == MAX_DEPTH - 2 {
            return None;
        }
        if let Some(dot) = symbol(last.end, ".") {
            let (field, range) = word(dot.range.end)?;
            let select = SelectExpr { operand: Box::new(root), field, test: false };
            root = IdedExpr { id: place(&dot.range), expr: Expr::Select(select) };
            last = range;
        } else {
            let open = symbol(last.end, "[")?;
            let key = lex::next(text, open.range.end).filter(|token| token.lexeme == Lexeme::Text)?;
            let close = symbol(key.range.end, "]")?;
            let literal = LiteralValue::String(plain_text(&text[key.range.clone()])?.to_owned().into());
            let call = place(&open.range);
            let key = IdedExpr { id: place(&key.range), expr: Expr::Literal(literal) };
            let call_expr = CallExpr { func_name: operators::INDEX.to_owned(), target: None, args: vec![root, key] };
            root = IdedExpr { id: call, expr: Expr::Call(call_expr) };
            last = close.range;
        }
    }
    Some(Parsed { root, places })
}

/// What stands between simple quotes, if nothing in it is escaped.
fn plain_text(quoted: &str) -> Option<&str> {
    let inner = quoted.strip_prefix(['"', '\''])?.strip_suffix(['"', '\''])?;
    inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'"' | b'\'' | b'\\')).then_some(inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_name_is_read_as_the_parser_reads_it() {
        for text in ["client.ip", "a", " a . b ", "request.headers['x-tenant']", "a['b'][\"c\"].d", "a.b // c"] {
            let own = plain_name(text).expect(text);
            let (root, places) = Parser::new().parse_with_source_info(text).expect(text);
            assert_eq!(own.root, root, "{text}");
            for id in 1..9 {
                assert_eq!(own.places.offset_for(id), places.offset_for(id), "{text} {id}");
            }
        }
        for text in ["", "a.", "a.b()", "1", "a['b\\n']", "a.in", "true", "a + b", "a['''b''']", "a[0]", ".a", "a b"] {
            assert!(plain_name(text).is_none(), "{text}");
        }
    }

    #[test]
    fn long_chains_and_deep_nests_are_faults_and_no_overflow() {
        for text in [
            vec!["1"; 2000].join("+"),
            vec!["a"; 2000].join("."),
            "(".repeat(2000) + "1" + &")".repeat(2000),
            "[".repeat(4000),
            "!".repeat(3999) + &"!(".repeat(40),
            "-".repeat(4000),
            "a?".repeat(1300),
            "a.map(a,".repeat(500),
            format!("a{}", "[0]".repeat(1300)),
        ] {
            assert!(parse(&text).is_err(), "{}", &text[..20]);
        }
        assert!(parse(&vec!["a"; 800].join("&&")).is_ok(), "chains of `&&` are balanced by the parser");
    }

    #[test]
    fn a_panic_goes_through_the_large_stack() {
        let caught = catch_unwind(|| with_large_stack(|| panic!("on purpose")));
        assert!(caught.is_err());
        assert_eq!(with_large_stack(|| with_large_stack(|| 1)), 1);
    }
}
