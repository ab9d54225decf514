//! What a configuration needs of the machine beside its own files, each reported at the place that asks for it: secrets,
//! the log's file, addresses.

use pintle_admin::{Access, Token};
use pintle_config::Document;
use pintle_core::config::{Diagnostic, Reader, SecretSource};
use pintle_engine::socket::Address;
use pintle_engine::tls::TlsListener;
use pintle_engine::{Runtime, StartError};
use pintle_telemetry::metrics::MetricsConfig;
use pintle_telemetry::otlp::Credentials;
use pintle_telemetry::{Opened, PushSettings, Style, TraceSettings};
use std::sync::Arc;

/// Who may use the admin API at `listening`, by the document's token. None if the token cannot be had.
pub(crate) fn access(
    document: &Document,
    listening: Option<&Address>,
    tls: Option<Arc<TlsListener>>,
    reader: &mut Reader,
) -> Option<Access> {
    let token = match document.admin.as_ref().and_then(|admin| admin.token.as_ref()) {
        None => None,
        Some(token) => match token.resolve() {
            Ok(secret) => Some(Token { name: name(token), secret }),
            Err(why) => {
                reader.report(Diagnostic::error("no-secret", why, &token.span));
                return None;
            }
        },
    };
    let is_unix = matches!(listening, Some(Address::Unix(_)));
    let open = listening.and_then(Address::tcp).is_some_and(|tcp| tcp.ip().is_loopback());
    let hosts = document.admin.iter().flat_map(|admin| admin.hosts.iter().map(|host| host.0.clone())).collect();
    Some(Access { token, is_unix, open, hosts, tls })
}

/// Whether the password of the shared store can be had.
pub(crate) fn store(document: &Document, reader: &mut Reader) -> Option<()> {
    let store = document.stores.shared.as_ref();
    let Some((store, password)) = store.and_then(|store| Some((store, store.password()?))) else { return Some(()) };
    let missing = |why| reader.report(Diagnostic::error("no-secret", why, &store.span));
    password.resolve().map(drop).map_err(missing).ok()
}

/// What a secret is called where it must not be shown: where it comes from.
fn name(source: &SecretSource) -> String {
    match source {
        SecretSource::Env(name) => format!("env {name}"),
        SecretSource::File(path) => format!("file {}", path.display()),
    }
}

/// Opens the access log, whose lines show no values of what is a credential by the configuration.
pub(crate) fn log(document: &Document, runtime: &Runtime, reader: &mut Reader) -> Option<Opened> {
    let access_log = &document.telemetry.access_log;
    let (sink, style) = access_log.parts();
    let style = Style { names: runtime.names.clone(), ..style };
    let failed = |error| {
        let message = format!("the access log cannot be opened: {error}");
        reader.report(Diagnostic::error("access-log", message, &access_log.span));
    };
    Opened::open(sink, style).map_err(failed).ok()
}

/// Where spans go and what is asked for there.
pub(crate) type Tracing = Option<(Arc<TraceSettings>, Credentials)>;

/// What the collector of traces asks for. None if it cannot be had.
pub(crate) fn traces(document: &Document, runtime: &Runtime, reader: &mut Reader) -> Option<Tracing> {
    let otlp = document.telemetry.traces.as_ref().and_then(|traces| traces.otlp.as_ref());
    let (Some(otlp), Some(settings)) = (otlp, &runtime.traces) else { return Some(None) };
    otlp.credentials(reader).map(|credentials| Some((Arc::clone(settings), credentials)))
}

/// Where metrics are sent and what is asked for there.
pub(crate) type Pushing = Option<(Arc<PushSettings>, Credentials)>;

/// What the collector of metrics asks for. None if it cannot be had.
pub(crate) fn push(document: &Document, runtime: &Runtime, reader: &mut Reader) -> Option<Pushing> {
    let otlp = match &document.telemetry.metrics {
        MetricsConfig::On(config) => config.otlp.as_ref(),
        MetricsConfig::Off => None,
    };
    let (Some(otlp), Some(settings)) = (otlp, &runtime.push) else { return Some(None) };
    otlp.credentials(reader).map(|credentials| Some((Arc::clone(settings), credentials)))
}

/// Reports why addresses cannot be listened on.
pub(crate) fn report_start(error: &StartError, document: &Document, reader: &mut Reader) {
    let StartError::Bind(errors) = error else {
        let message = format!("the addresses cannot be listened on: {error}");
        return reader.report(Diagnostic::error("listen", message, &document.listeners.span));
    };
    for error in errors {
        let span = document.address_span(&error.address).unwrap_or(&document.listeners.span);
        let message = error.to_string();
        reader.report(Diagnostic::error("listen", message, span));
    }
}
