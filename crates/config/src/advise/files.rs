//! Files that are to be served and are not there yet, and a folder that is served with what nobody should read: the
//! configuration itself, or keys.

use super::Subject;
use super::outline::Leaf;
use pintle_actions::FilesConfig;
use pintle_core::config::{ConfigPath, Diagnostic, Reader, Span, Spanned};
use std::fs::canonicalize;
use std::path::Path;

pub(super) fn check(subject: &Subject<'_>, reader: &mut Reader) {
    for route in &subject.outline.routes {
        let Some(files) = &route.config.files else { continue };
        match (files.root(), files.file()) {
            (Some(root), _) if !root.exists() => missing(root, "folder", reader),
            (Some(root), _) if root.is_dir() => {
                fallback(files, root, reader);
                exposed(subject, route, root, reader);
            }
            (None, Some(file)) if !file.exists() => missing(file, "file", reader),
            _ => {}
        }
    }
}

fn missing(path: &Spanned<ConfigPath>, what: &str, reader: &mut Reader) {
    let message = format!("there is no {what} {}", path.display());
    let help = "until it is there, its requests are 404; a path is relative to the file that names it";
    reader.report(Diagnostic::warning("files-missing", message, &path.span).help(help));
}

fn fallback(files: &FilesConfig, root: &ConfigPath, reader: &mut Reader) {
    let Some(fallback) = files.fallback() else { return };
    let Some(inner) = fallback.strip_prefix('/') else { return };
    let file = root.join(inner);
    if !file.exists() {
        let message = format!("there is no file {}", file.display());
        let help = "until it is there, what it should stand in for is 404; the path is one below the root";
        reader.report(Diagnostic::warning("files-missing", message, &fallback.span).help(help));
    }
}

/// Whether requests can read the configuration or a key.
fn exposed(subject: &Subject<'_>, route: &Leaf<'_>, root: &Spanned<ConfigPath>, reader: &mut Reader) {
    let Ok(top) = canonicalize(&**root) else { return };
    let listeners = subject.outline.listeners.iter().map(|listener| &listener.span);
    let texts = [&root.span, route.span()].into_iter().chain(listeners);
    let texts = texts.map(|span: &Span| Path::new(span.source().name()));
    let keys = subject.document.listener_files().map(|file| -> &Path { file });
    // Those below a name that begins with a dot are not served.
    let shown = |file: &&Path| {
        canonicalize(file).is_ok_and(|file| {
            let inner = file.strip_prefix(&top);
            inner.is_ok_and(|inner| !inner.iter().any(|part| part.as_encoded_bytes().starts_with(b".")))
        })
    };
    if let Some(file) = texts.chain(keys).find(shown) {
        let message = format!("this folder holds {}, and every client can read it", file.display());
        let help = "serve a folder of its own, in which is nothing but what the public may read";
        reader.report(Diagnostic::warning("files-show-configuration", message, &root.span).help(help));
    }
}
