//! `{env: NAME}` or `{file: PATH}`: where a secret is, never the secret itself.

use std::io::Read as _;

use super::ConfigPath;
use crate::config::fields::{Fields, Key, Known};
use crate::config::{Diagnostic, Field, Form, Node, Read, Reader, Shape, open_file};
use crate::secret::Secret;

/// Where a secret is kept.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file. One line end after the secret is not part of it.
    File(ConfigPath),
}

/// No password, token or key that a gateway holds is longer.
const MOST_BYTES: u64 = 64 * 1024;

impl SecretSource {
    /// Fetches the secret. The error names the variable or the file, and never what is in it.
    pub fn resolve(&self) -> Result<Secret, String> {
        match self {
            Self::Env(name) => match std::env::var(name) {
                Ok(value) if value.is_empty() => Err(format!("the environment variable `{name}` is empty")),
                Ok(value) => Ok(Secret::new(value)),
                Err(std::env::VarError::NotPresent) => Err(format!("the environment variable `{name}` is not set")),
                Err(std::env::VarError::NotUnicode(_)) => Err(format!("the environment variable `{name}` is no text")),
            },
            Self::File(path) => read_file(path).map_err(|why| format!("the secret file `{}` {why}", path.display())),
        }
    }
}

fn read_file(path: &ConfigPath) -> Result<Secret, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read: {error}");
    let file = open_file(path).map_err(unreadable)?;
    // The capacity is given at once: growing would leave copies behind that nobody overwrites.
    let mut bytes = Vec::with_capacity(MOST_BYTES as usize + 1);
    let outcome = file.take(MOST_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable);
    let secret = Secret::from(bytes);
    outcome?;
    let text = secret.expose_bytes();
    if text.len() as u64 > MOST_BYTES {
        return Err(format!("is longer than {MOST_BYTES} bytes"));
    }
    let trimmed = text.strip_suffix(b"\n").map_or(text, |line| line.strip_suffix(b"\r").unwrap_or(line));
    match trimmed {
        [] => Err("is empty".into()),
        trimmed => Ok(Secret::from(trimmed.to_vec())),
    }
}

const KEYS: &[Key] = &[Key { name: "env", later: false }, Key { name: "file", later: false }];
const KNOWN: Known = Known { called: "secret", instead: "", keys: KEYS };
const EXPECTED: &str = "a secret as {env: NAME} or {file: PATH}";

impl Read for SecretSource {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        if let Some(text) = node.as_text() {
            reader.diagnostics.hide(node.span());
            let help = match text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}')) {
                Some(name) if is_variable(name) => format!("use {{env: {name}}}"),
                _ => "keep it in a variable or a file, and name that".to_owned(),
            };
            // The text is not repeated: it may be the secret.
            let message = format!("expected {EXPECTED}, found plain text");
            reader.report(Diagnostic::error("plain-secret", message, node.span()).help(help));
            return None;
        }
        if !matches!(node.form(), Form::Map(_)) {
            reader.diagnostics.hide(node.span());
            reader.expected(EXPECTED, node, "");
            return None;
        }
        for entry in node.as_map().unwrap_or_default().iter().filter(|entry| !matches!(&**entry.key, "env" | "file")) {
            reader.diagnostics.hide(entry.value.span());
        }
        let fields = Fields::open(node, &KNOWN, Self::shape, reader)?;
        let env: Option<String> = fields.required(0, reader)?;
        let file: Option<ConfigPath> = fields.required(1, reader)?;
        match (env, file) {
            (Some(name), None) if is_variable(&name) => Some(Self::Env(name)),
            (None, Some(path)) => Some(Self::File(path)),
            (Some(_), None) => {
                let help = "a name is made of letters, digits and `_`";
                let message = "expected the name of an environment variable";
                let at = node.get("env").unwrap_or(node).span();
                reader.diagnostics.hide(at);
                reader.report(Diagnostic::error("unexpected", message, at).help(help));
                None
            }
            (Some(_), Some(_)) => {
                reader.error("unexpected", format!("expected {EXPECTED}, found both"), node.span());
                None
            }
            (None, None) => {
                if node.as_map().is_some_and(<[_]>::is_empty) && !node.is_cut() {
                    reader.error("missing-key", format!("expected {EXPECTED}"), node.span());
                }
                None
            }
        }
    }

    fn shape() -> Shape {
        let field = |key, doc, shape| Field { key, doc, required: false, default: None, later: false, shape };
        Shape::Kinds {
            name: "Secret",
            doc: "Where a secret is kept. Plain text is refused, and no secret is ever printed.",
            secret: true,
            kinds: vec![
                field("env", "The name of an environment variable.", String::shape),
                field("file", "A file that holds the secret and nothing else.", ConfigPath::shape),
            ],
        }
    }
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
