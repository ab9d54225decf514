//! `files` as its user writes it.

use super::coding::Precompressed;
use super::name;
use pintle_core::config::{ConfigPath, Diagnostic, Node, Read, Reader, Spanned};

/// Serves files: what `**` of the match stands for, below a folder; or one file for all that the route matches.
///
/// Paths name files as they are: a folder's name without its slash is redirected, names that begin with a dot are 404
/// ([hidden files](semantics.md#files-hidden)), and nothing outside of the folder is reached, by links either
/// ([the root](semantics.md#files-root)).
///
/// ```yaml
/// routes:
///   - {match: /assets/**, files: public/assets}
///   - {match: /robots.txt, files: {file: public/robots.txt}}
///   - match: /**
///     files: {root: public, index: [index.html], fallback: /index.html, precompressed: [br, gzip, zstd]}
///   - match: /pub/**
///     files: {root: /srv/pub, listing: true}
/// ```
#[derive(Clone, Debug, PartialEq, Read)]
#[read(forms, expected = "a folder, or a map with `root` or `file`")]
pub enum FilesConfig {
    /// The folder.
    #[read(text)]
    Root(Spanned<ConfigPath>),
    /// The folder or the file, and how they are served.
    #[read(map)]
    Long(Box<FilesMap>),
}

/// Serves files.
#[derive(Clone, Debug, PartialEq, Read)]
#[read(called = "files", check)]
pub struct FilesMap {
    /// The folder that `path.rest` is a name in. It may come later, and another one may come in its place while the
    /// gateway runs, as when a deploy turns a link. Excludes `file`; one of the two must be there.
    pub root: Option<Spanned<ConfigPath>>,
    /// The one file that is served, whatever the path.
    pub file: Option<Spanned<ConfigPath>>,
    /// Names of files that stand for their folder; the first that is there does. `[]` is none. Only with `root`.
    #[read(default = "[index.html]")]
    pub index: Vec<Spanned<String>>,
    /// What is served, with 200, where there is no such file: `/index.html` of an application that routes in the browser.
    /// A path below the root. Only with `root`.
    pub fallback: Option<Spanned<String>>,
    /// Which compressed files may lie beside the others, under the same name and `.br`, `.gz` or `.zst`. One that the
    /// client takes is served instead, if it is at least as new. Among those that it likes equally the first one here is.
    #[read(default)]
    pub precompressed: Vec<Spanned<Precompressed>>,
    /// Whether folders without an index list what is in them: as a page, or as JSON to who asks for that, the first 1,000
    /// entries. Only with `root`.
    #[read(default = "false")]
    pub listing: bool,
}

impl FilesConfig {
    /// The folder, if it is one that is served.
    pub fn root(&self) -> Option<&Spanned<ConfigPath>> {
        match self {
            FilesConfig::Root(root) => Some(root),
            FilesConfig::Long(map) => map.root.as_ref(),
        }
    }

    /// The file, if it is one that is served.
    pub fn file(&self) -> Option<&Spanned<ConfigPath>> {
        match self {
            FilesConfig::Root(_) => None,
            FilesConfig::Long(map) => map.file.as_ref(),
        }
    }

    /// The fallback, if there is one.
    pub fn fallback(&self) -> Option<&Spanned<String>> {
        match self {
            FilesConfig::Root(_) => None,
            FilesConfig::Long(map) => map.fallback.as_ref(),
        }
    }
}

/// The keys of [`FilesMap`].
const KEYS: [&str; 6] = ["root", "file", "index", "fallback", "precompressed", "listing"];

impl FilesMap {
    fn check(self, node: &Node, reader: &mut Reader) -> Option<Self> {
        let mut good = true;
        let mut wrong = |message: String, help: &str, span| {
            reader.report(Diagnostic::error("files", message, span).help(help));
            good = false;
        };
        match (&self.root, &self.file) {
            (Some(_), Some(file)) => {
                wrong("`root` and `file` exclude each other".into(), "take the one that is meant", &file.span);
            }
            // A key that is not known, and was reported, may be meant to say it.
            (None, None)
                if node.as_map().unwrap_or_default().iter().any(|entry| !KEYS.contains(&&*entry.key.value)) =>
            {
                return None;
            }
            (None, None) => {
                wrong("`files` says neither a folder nor a file".into(), "add `root` or `file`", node.span());
            }
            _ => {}
        }
        if self.root.is_none() && self.file.is_some() {
            let of_root = [
                ("index", node.get("index").is_some()),
                ("fallback", self.fallback.is_some()),
                ("listing", self.listing),
            ];
            for (key, _) in of_root.iter().filter(|(_, given)| *given) {
                let span = node.get(key).map_or(node.span(), Node::span);
                wrong(
                    format!("`{key}` is about a folder, and this is one file"),
                    "leave it out, or give a `root`",
                    span,
                );
            }
        }
        for index in &self.index {
            if index.contains('/') || !name::is_name(index) {
                wrong(format!("`{}` is no file's name", index.value), "such as `index.html`", &index.span);
            }
        }
        if let Some(fallback) = &self.fallback {
            match fallback.strip_prefix('/') {
                None => wrong(
                    format!("a fallback begins with `/`, this one is `{}`", fallback.value),
                    "a path below the root, such as `/index.html`",
                    &fallback.span,
                ),
                Some(inner) if !name::is_name(inner) => wrong(
                    format!("`{}` names no file below the root that could be served", fallback.value),
                    "such as `/index.html`: without `.`, `..`, `//`, or a name that begins with a dot",
                    &fallback.span,
                ),
                Some(_) => {}
            }
        }
        for (at, coding) in self.precompressed.iter().enumerate() {
            if self.precompressed[..at].iter().any(|other| other.value == coding.value) {
                wrong(format!("`{}` stands here twice", coding.value.name()), "leave one out", &coding.span);
            }
        }
        good.then_some(self)
    }
}
