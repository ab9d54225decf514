//! What a service says of itself in an OpenAPI document (3.0 and 3.1, as YAML or JSON), as far as a configuration is held
//! against it: which operations there are, and which fields their answers have. A plain walk over the tree as it was
//! written, with `$ref` within the document; nothing is made of it that outlives the check.
//!
//! Says only what is certain. What a document leaves open, or says in another document, is "cannot say". Refuses to know
//! who is called by whom: that is in `assemble/documents.rs`.

mod operation;
mod paths;
mod refs;
mod schema;
#[cfg(test)]
mod tests;

pub(crate) use operation::Operation;
pub(crate) use paths::CallPath;
pub(crate) use schema::{Field, Unknown};

use paths::Pattern;
use pintle_core::config::{ConfigPath, Diagnostic, Node, Reader, Source, Span, Spanned, nearest, read_file};

/// The most bytes of one document. The largest that are published have some 12 MB.
const MOST: u64 = 16 << 20;

/// The keys of a path that are methods.
const METHODS: [&str; 8] = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/// A document.
#[derive(Debug)]
pub(crate) struct Document {
    root: Node,
    /// In 3.0 what stands beside a `$ref` means nothing.
    is_3_0: bool,
    /// Whether all of it could be read; else nothing is known to be missing.
    is_whole: bool,
}

/// What there is of a call.
#[derive(Debug)]
pub(crate) enum Found<'d> {
    /// This operation.
    Operation(Operation<'d>),
    /// The path, which has these methods alone.
    OtherMethods {
        /// As the document writes it.
        path: &'d str,
        /// In capitals.
        methods: Vec<String>,
    },
    /// Nothing, and perhaps a path that is similar.
    Nothing(Option<&'d str>),
    /// The document could not be read as far as that.
    CannotSay,
}

impl Document {
    /// Reads a file. What is wrong with it is reported, all that is; None where nothing of it can be used.
    pub(crate) fn read(file: &Spanned<ConfigPath>, reader: &mut Reader) -> Option<Document> {
        let text = read_file(file, MOST).map_err(|error| error.to_string()).and_then(|bytes| {
            String::from_utf8(bytes).map_err(|error| {
                let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
                format!("line {} is not UTF-8", good.iter().filter(|byte| **byte == b'\n').count() + 1)
            })
        });
        match text {
            Ok(text) => Document::of_text(&Source::new(file.display().to_string(), text), reader),
            Err(why) => {
                let message = format!("cannot read {}: {why}", file.display());
                let help = "a path is relative to the file that names it";
                reader.report(Diagnostic::error("unreadable", message, &file.span).help(help));
                None
            }
        }
    }

    /// The same for a text.
    fn of_text(source: &Source, reader: &mut Reader) -> Option<Document> {
        let before = reader.diagnostics.len();
        let root = Node::parse(source, &mut reader.diagnostics);
        let is_whole = reader.diagnostics.len() == before;
        if root.as_map().is_none() {
            reader.expected("an OpenAPI document: a map with `openapi` and `paths`", &root, "");
            return None;
        }
        let is_3_0 = version(&root, reader)?;
        let document = Document { root, is_3_0, is_whole };
        document.check_paths(reader);
        document.check_refs(reader);
        Some(document)
    }

    /// Which operation a call is for. Literal segments win over those with a parameter (OpenAPI 3.0.4, 4.8.8.1); the path of
    /// one of the document's `servers` may stand before, or not.
    pub(crate) fn operation(&self, method: &str, call: &CallPath) -> Found<'_> {
        let mut fitting: Vec<_> = self
            .paths()
            .filter_map(|(path, item)| {
                let pattern = Pattern::parse(path)?;
                let fits = |call: &CallPath| pattern.fits(call);
                let bases = || self.bases(item).into_iter().filter_map(|base| call.without(&base));
                (fits(call) || bases().any(|call| fits(&call))).then(|| (pattern.rank(), path, item))
            })
            .collect();
        fitting.sort_by(|a, b| a.0.cmp(&b.0));
        let method = method.to_ascii_lowercase();
        // A HEAD is answered where a GET is (RFC 9110 9.3.2), though documents rarely say so.
        let names: &[&str] = if method == "head" { &["head", "get"] } else { &[&method] };
        let operation = names.iter().find_map(|name| {
            fitting.iter().find_map(|(_, _, item)| Some(Operation::new(self, self.target(item)?.get(name)?)))
        });
        match (operation, fitting.first()) {
            (Some(operation), _) => Found::Operation(operation),
            _ if !self.is_whole => Found::CannotSay,
            (None, Some((_, path, item))) => match self.target(item).and_then(Node::as_map) {
                Some(entries) => {
                    let of_method = |name: &&str| METHODS.contains(name);
                    let methods = entries.iter().map(|entry| &*entry.key.value).filter(of_method);
                    Found::OtherMethods { path, methods: methods.map(str::to_ascii_uppercase).collect() }
                }
                None => Found::CannotSay,
            },
            (None, None) => Found::Nothing(self.similar(call)),
        }
    }

    /// The path that a call may be meant for.
    fn similar(&self, call: &CallPath) -> Option<&str> {
        let known: Vec<_> = self.paths().filter_map(|(path, _)| Some((Pattern::parse(path)?.shape(), path))).collect();
        let mut bases: Vec<CallPath> = Vec::new();
        for base in self.paths().flat_map(|(_, item)| self.bases(item)) {
            if !bases.contains(&base) {
                bases.push(base);
            }
        }
        let near = |call: &CallPath| {
            let near = nearest(&call.shape(), known.iter().map(|(shape, _)| shape.as_str()))?;
            known.iter().find(|(shape, _)| shape == near).map(|(_, path)| *path)
        };
        near(call).or_else(|| bases.iter().filter_map(|base| call.without(base)).find_map(|call| near(&call)))
    }

    /// Its paths, each with what stands under it.
    fn paths(&self) -> impl Iterator<Item = (&str, &Node)> {
        let entries = self.root.get("paths").and_then(Node::as_map).unwrap_or_default();
        entries.iter().map(|entry| (&*entry.key.value, &entry.value)).filter(|(path, _)| path.starts_with('/'))
    }

    /// The paths of the servers that hold for a path.
    fn bases(&self, item: &Node) -> Vec<CallPath> {
        let own = self.target(item).and_then(|item| item.get("servers"));
        let servers = own.or_else(|| self.root.get("servers")).and_then(Node::as_list).unwrap_or_default();
        servers.iter().filter_map(paths::base).collect()
    }

    fn check_paths(&self, reader: &mut Reader) {
        let Some(paths) = self.root.get("paths") else {
            if self.is_3_0 && self.is_whole {
                let message = "an OpenAPI document of version 3.0 has `paths`, and this one has none";
                reader.report(fault(message, self.root.get("openapi").unwrap_or(&self.root).span()));
            }
            return;
        };
        let Some(entries) = paths.as_map() else {
            reader.expected("a map of paths", paths, "");
            return;
        };
        for entry in entries.iter().filter(|entry| !entry.key.starts_with("x-")) {
            let (path, item) = (&*entry.key.value, &entry.value);
            if !path.starts_with('/') {
                let help = format!("write `/{path}`; the path of the service's address stands in `servers`");
                reader.report(
                    fault(format!("a path begins with `/`, and `{path}` does not"), &entry.key.span).help(help),
                );
            } else if Pattern::parse(path).is_none() {
                let help = "a parameter is written `{name}`, and no `/` stands in it";
                reader.report(fault("a brace of this path has no other one", &entry.key.span).help(help));
            }
            if item.as_map().is_none() && !item.is_null() {
                reader.expected("a map with methods such as `get`", item, "");
            }
        }
    }
}

/// Whether it is 3.0, and not 3.1; none where it is neither.
fn version(root: &Node, reader: &mut Reader) -> Option<bool> {
    const READ: &str = "OpenAPI 3.0 and 3.1 are read";
    if let Some(swagger) = root.get("swagger") {
        let help = format!("{READ}: convert it, for example by `npx swagger2openapi`");
        reader.report(fault("this is a Swagger document, not an OpenAPI one", swagger.span()).help(help));
        return None;
    }
    let Some(version) = root.get("openapi") else {
        if !root.is_cut() {
            let first = root.as_map().and_then(<[_]>::first);
            let place = first.map_or(root.span(), |entry| &entry.key.span);
            let help = "it begins with `openapi: 3.1.0`, or 3.0";
            reader.report(fault("this is no OpenAPI document: it has no `openapi`", place).help(help));
        }
        return None;
    };
    let minor = version.as_text().and_then(|text| text.strip_prefix("3.")).and_then(|rest| rest.split('.').next());
    match minor {
        Some("0") => Some(true),
        Some("1") => Some(false),
        _ => {
            reader.expected("version 3.0 or 3.1", version, READ);
            None
        }
    }
}

fn fault(message: impl Into<String>, span: &Span) -> Diagnostic {
    Diagnostic::error("openapi", message, span)
}
