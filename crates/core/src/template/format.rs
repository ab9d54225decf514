//! `'%s is %.2f'.format([name, amount])`: `%s %d %f %e %b %o %x %X`, a precision for `%f` and `%e`, and `%%`.

use std::fmt::Write;

use super::budget::Budget;
use super::compare::Amount;
use super::fault::Reason;
use super::functions::Signature;
use super::time;
use super::value::Value;

const MAX_PRECISION: usize = 100;

pub(super) fn format<'a>(_: &Signature, args: &mut [Value<'a>], budget: &mut Budget) -> Result<Value<'a>, Reason> {
    let [Value::Text(form), Value::List(list)] = args else {
        return Err("a string and a list are missing".into());
    };
    let mut out = String::new();
    let mut rest = form.as_ref();
    let mut next = 0;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('%') {
            out.push('%');
            rest = after;
            continue;
        }
        let (precision, clause) = precision(rest)?;
        let kind = clause.chars().next().ok_or("`%` stands at the end: a literal one is `%%`")?;
        let arg = list.get(next).ok_or_else(|| format!("the list has no item for the clause {}", next + 1))?;
        one(kind, precision, &arg, &mut out, budget)?;
        budget.make(precision.min(MAX_PRECISION))?;
        rest = &clause[kind.len_utf8()..];
        next += 1;
    }
    budget.make(form.len())?;
    out.push_str(rest);
    Ok(Value::Text(out.into()))
}

fn precision(clause: &str) -> Result<(usize, &str), Reason> {
    let Some(rest) = clause.strip_prefix('.') else { return Ok((6, clause)) };
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    match rest[..end].parse() {
        Ok(precision) if precision <= MAX_PRECISION => Ok((precision, &rest[end..])),
        _ => Err(format!("a precision is a number up to {MAX_PRECISION}").into()),
    }
}

fn one(kind: char, precision: usize, arg: &Value<'_>, out: &mut String, budget: &mut Budget) -> Result<(), Reason> {
    let written = match (kind, arg, Amount::of(arg)) {
        ('s', _, _) => return plain(arg, out, budget, 0),
        ('d', _, Some(_)) => return arg.write_text(out),
        ('f' | 'e', _, Some(amount)) => fixed(kind, amount, precision, out),
        ('b', Value::Bool(bit), _) => write!(out, "{}", u8::from(*bit)),
        ('x' | 'X', Value::Text(text), _) => return hex(text.as_bytes(), kind == 'X', out, budget),
        ('x' | 'X', Value::Bytes(bytes), _) => return hex(bytes, kind == 'X', out, budget),
        ('b' | 'o' | 'x' | 'X', _, Some(Amount::Int(int))) => {
            out.push_str(if int < 0 { "-" } else { "" });
            digits(kind, int.unsigned_abs(), out)
        }
        ('b' | 'o' | 'x' | 'X', _, Some(Amount::Uint(uint))) => digits(kind, uint, out),
        ('d' | 'f' | 'e' | 'b' | 'o' | 'x' | 'X', ..) => {
            return Err(format!("`%{kind}` does not take {}", arg.kind()).into());
        }
        _ => return Err(format!("`%{kind}` is no clause: there are %s %d %f %e %b %o %x %X").into()),
    };
    written.map_err(|_| "this cannot be written".into())
}

fn digits(kind: char, amount: u64, out: &mut String) -> std::fmt::Result {
    match kind {
        'b' => write!(out, "{amount:b}"),
        'o' => write!(out, "{amount:o}"),
        'x' => write!(out, "{amount:x}"),
        _ => write!(out, "{amount:X}"),
    }
}

fn hex(bytes: &[u8], upper: bool, out: &mut String, budget: &mut Budget) -> Result<(), Reason> {
    budget.make(bytes.len().saturating_mul(2))?;
    let written = bytes.iter().try_for_each(|byte| match upper {
        true => write!(out, "{byte:02X}"),
        false => write!(out, "{byte:02x}"),
    });
    written.map_err(|_| "this cannot be written".into())
}

fn fixed(kind: char, amount: Amount, precision: usize, out: &mut String) -> std::fmt::Result {
    let double = match amount {
        Amount::Int(int) => int as f64,
        Amount::Uint(uint) => uint as f64,
        Amount::Double(double) => double,
    };
    if !double.is_finite() {
        return Value::Double(double).write_text(out).map_err(|_| std::fmt::Error);
    }
    if kind == 'f' {
        return write!(out, "{double:.precision$}");
    }
    let text = format!("{double:.precision$e}");
    let (number, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    write!(out, "{number}e{sign}{exponent:0>2}")
}

/// `%s` of any value, lists and maps included; a map in the order of its keys.
fn plain(value: &Value<'_>, out: &mut String, budget: &mut Budget, depth: usize) -> Result<(), Reason> {
    budget.step()?;
    if depth > 64 {
        return Err("this is nested too deeply for `%s`".into());
    }
    match value {
        Value::Null => out.push_str("null"),
        Value::Text(text) | Value::Number(text) => {
            budget.make(text.len())?;
            out.push_str(text);
        }
        Value::Bytes(bytes) => {
            budget.make(bytes.len())?;
            out.push_str(&String::from_utf8_lossy(bytes));
        }
        Value::Duration(nanos) => time::write_duration(out, *nanos).map_err(|_| "this cannot be written")?,
        Value::List(list) => {
            out.push('[');
            for (at, item) in list.iter().enumerate() {
                out.push_str(if at > 0 { ", " } else { "" });
                plain(&item, out, budget, depth + 1)?;
            }
            out.push(']');
        }
        Value::Map(map) => {
            let mut entries = Vec::with_capacity(map.len());
            let mut failed = Ok(());
            map.each(&mut |key, value| {
                let mut entry = (String::new(), String::new());
                if failed.is_ok() {
                    failed = plain(&key, &mut entry.0, budget, depth + 1)
                        .and_then(|()| plain(&value, &mut entry.1, budget, depth + 1))
                        .and_then(|()| budget.make(entry.0.len() + entry.1.len()));
                    entries.push(entry);
                }
            });
            failed?;
            entries.sort();
            let entries: Vec<String> = entries.into_iter().map(|(key, value)| format!("{key}: {value}")).collect();
            out.push('{');
            out.push_str(&entries.join(", "));
            out.push('}');
        }
        other => other.write_text(out)?,
    }
    Ok(())
}
