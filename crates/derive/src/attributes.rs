//! The attributes, and documentation comments.

use syn::meta::ParseNestedMeta;
use syn::{Attribute, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token};

/// How a type is read.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Style {
    #[default]
    Map,
    Text,
    Word,
    Kind,
    Forms,
    Transparent,
}

/// The attributes of a type.
#[derive(Default)]
pub(crate) struct Container {
    pub(crate) style: Style,
    pub(crate) called: String,
    pub(crate) instead: String,
    pub(crate) expected: String,
    pub(crate) check: bool,
    pub(crate) pattern: Option<String>,
    pub(crate) range: Option<(u64, u64)>,
    pub(crate) or: Option<String>,
}

impl Container {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut container = Self::default();
        each(attributes, |meta| {
            match name(&meta)?.as_str() {
                "text" => container.style = Style::Text,
                "word" => container.style = Style::Word,
                "kind" => container.style = Style::Kind,
                "forms" => container.style = Style::Forms,
                "transparent" => container.style = Style::Transparent,
                "called" => container.called = text(&meta)?,
                "instead" => container.instead = text(&meta)?,
                "expected" => container.expected = text(&meta)?,
                "check" => container.check = true,
                "pattern" => container.pattern = Some(text(&meta)?),
                "range" => container.range = Some(range(&meta)?),
                "or" => container.or = Some(text(&meta)?),
                _ => {
                    let known =
                        "text, word, kind, forms, transparent, called, instead, expected, check, pattern, range, or";
                    return Err(meta.error(format!("a type knows: {known}")));
                }
            }
            Ok(())
        })?;
        Ok(container)
    }
}

/// What stands for a field that was left out.
#[derive(Default)]
pub(crate) enum Fallback {
    /// What the type says of its absence: mostly an error.
    #[default]
    Absent,
    /// `Default::default()`.
    Own,
    /// A value written as YAML.
    Written(String),
}

/// The attributes of a field or variant.
#[derive(Default)]
pub(crate) struct Member {
    pub(crate) key: Option<String>,
    pub(crate) fallback: Fallback,
    pub(crate) later: bool,
    pub(crate) span: bool,
    /// `text`, `list`, `map` or `none`.
    pub(crate) form: Option<String>,
}

impl Member {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut member = Self::default();
        each(attributes, |meta| {
            match name(&meta)?.as_str() {
                "key" => member.key = Some(text(&meta)?),
                "default" if meta.input.peek(Token![=]) => member.fallback = Fallback::Written(text(&meta)?),
                "default" => member.fallback = Fallback::Own,
                "later" => member.later = true,
                "span" => member.span = true,
                form @ ("text" | "list" | "map" | "none") => member.form = Some(form.to_owned()),
                _ => {
                    let known = "key, default, later, span; and of forms: text, list, map, none";
                    return Err(meta.error(format!("a field or variant knows: {known}")));
                }
            }
            Ok(())
        })?;
        Ok(member)
    }

    /// The key of a field: its name.
    pub(crate) fn field_key(&self, ident: &Ident) -> String {
        self.key.clone().unwrap_or_else(|| ident.to_string().trim_start_matches("r#").to_owned())
    }

    /// The word of a variant: its name in snake case.
    pub(crate) fn variant_key(&self, ident: &Ident) -> String {
        self.key.clone().unwrap_or_else(|| snake_case(&ident.to_string()))
    }
}

fn each(attributes: &[Attribute], mut take: impl FnMut(ParseNestedMeta<'_>) -> Result<()>) -> Result<()> {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("read")) {
        attribute.parse_nested_meta(&mut take)?;
    }
    Ok(())
}

fn name(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.path.require_ident()?.to_string())
}

fn text(meta: &ParseNestedMeta<'_>) -> Result<String> {
    Ok(meta.value()?.parse::<LitStr>()?.value())
}

/// `"1-65535"`: the least and the most.
fn range(meta: &ParseNestedMeta<'_>) -> Result<(u64, u64)> {
    let text = text(meta)?;
    let bounds = text.split_once('-').and_then(|(least, most)| Some((least.parse().ok()?, most.parse().ok()?)));
    bounds.ok_or_else(|| meta.error("a range is written as \"1-65535\""))
}

/// `PeakEwma` is `peak_ewma`.
fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 4);
    for (index, c) in name.chars().enumerate() {
        if c.is_ascii_uppercase() && index > 0 {
            snake.push('_');
        }
        snake.push(c.to_ascii_lowercase());
    }
    snake
}

/// The documentation comment: its lines, each without the space after the slashes.
pub(crate) fn doc_of(attributes: &[Attribute]) -> String {
    let lines = attributes.iter().filter_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("doc") => match &pair.value {
            Expr::Lit(ExprLit { lit: Lit::Str(line), .. }) => Some(line.value()),
            _ => None,
        },
        _ => None,
    });
    let lines: Vec<String> = lines.map(|line| line.strip_prefix(' ').unwrap_or(&line).to_owned()).collect();
    lines.join("\n").trim().to_owned()
}
