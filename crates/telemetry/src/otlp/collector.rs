//! A collector, and one request to it: what is asked in the words of gRPC or HTTP. What its answer means is in
//! `otlp/answer.rs`, whether the request goes out again in `otlp/exporter.rs`.

use super::answer::{self, Verdict};
use super::config::{Compression, OtlpConfig, Protocol};
use super::{Signal, answer::LONGEST};
use bytes::Bytes;
use flate2::write::GzEncoder;
use pintle_core::config::{Diagnostic, Reader, Spanned};
use pintle_core::notes::Notes;
use pintle_core::{Body, Fields, Frame, Method, Reason, Refusal, Response, fields, grpc, names};
use pintle_upstream::settings::{EndpointAddress, EndpointConfig};
use pintle_upstream::{Outgoing, Resolver, Upstream, UpstreamConfig, UpstreamFault};
use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Where requests go, and how. Connections to it are kept, and are taken over by the next one that is the same.
pub struct Collector {
    upstream: Arc<Upstream>,
    way: Way,
}

/// How requests go there, without the text that says so.
#[derive(Debug, PartialEq)]
struct Way {
    url: Box<str>,
    path: Box<str>,
    protocol: Protocol,
    gzip: bool,
    timeout: Duration,
}

/// What a collector asks for in fields, fetched from where it is kept.
#[derive(Clone, Default)]
pub struct Credentials(Fields);

impl Collector {
    /// The collector that a configuration names; `before` is the one of the configuration in force. Reads the files of TLS: not
    /// for a worker's thread.
    pub fn new(
        config: &OtlpConfig,
        resolver: &Arc<Resolver>,
        before: Option<&Arc<Collector>>,
    ) -> Result<Arc<Self>, UpstreamFault> {
        let (url, map) = (&config.url().value, config.map());
        let way = Way {
            url: url.to_string().into(),
            path: url.path.clone(),
            protocol: config.protocol(),
            gzip: map.is_some_and(|map| map.compression == Compression::Gzip),
            timeout: map.map_or(TIMEOUT, |map| map.timeout),
        };
        let service = service(config, &way);
        let known = before.map(|before| &before.upstream);
        // What happens on the way there shows in the exporter's own counts.
        let upstream = Upstream::new(&format!("otlp {url}"), service, resolver, Arc::new(|_| {}), known)?;
        let same = before.filter(|before| Arc::ptr_eq(&before.upstream, &upstream) && before.way == way);
        Ok(same.map_or_else(|| Arc::new(Collector { upstream, way }), Arc::clone))
    }

    /// Its URL.
    pub fn url(&self) -> &str {
        &self.way.url
    }

    /// Sends a request, within the time for one. Cancelled by dropping.
    pub(super) async fn send(&self, signal: Signal, message: Bytes, credentials: &Credentials) -> Verdict {
        let now = Instant::now();
        let Way { protocol, gzip, timeout, .. } = self.way;
        let deadline = now + timeout;
        let message = if gzip { smaller(message).await } else { message };
        let (target, mut fields, body) = match protocol {
            Protocol::Grpc => (signal.method().to_owned(), grpc_fields(timeout, gzip), framed(&message, gzip)),
            Protocol::Http => (self.path(signal), http_fields(gzip), message),
        };
        credentials.0.iter().for_each(|(name, value)| fields.append(name, value));
        let outgoing = Outgoing {
            method: &Method::POST,
            target: &target,
            host: None,
            fields: &fields,
            body: Body::full(body),
            protocol: None,
            deadline: Some(deadline),
            interim: None,
            caller: None,
            trace: None,
            key: None,
            secure: self.upstream.is_tls(),
        };
        // What is noted of it is nobody's request.
        let mut notes = Notes::default();
        let asked = async {
            let mut response = self.upstream.send(outgoing, &mut notes, now).await.map_err(|refusal| why(&refusal))?;
            let content = content(&mut response).await?;
            Ok((response, content))
        };
        let answered = tokio::time::timeout_at(deadline.into(), asked).await;
        self.upstream.sweep(now);
        match answered {
            Ok(Ok((response, (content, trailers)))) => match protocol {
                Protocol::Grpc => answer::of_grpc(&response, &content, &trailers),
                Protocol::Http => answer::of_http(&response, &content),
            },
            Ok(Err(why)) => Verdict::Later(None, why),
            Err(_) => Verdict::Later(None, format!("no answer within {timeout:?}")),
        }
    }

    /// The path over HTTP. A URL that names the signal's own means it, as most are told to users so.
    fn path(&self, signal: Signal) -> String {
        let base = &*self.way.path;
        if base.ends_with(signal.path()) { base.to_owned() } else { format!("{base}{}", signal.path()) }
    }
}

impl OtlpConfig {
    /// Fetches the values of `headers`; what cannot be had is reported, each by itself.
    pub fn credentials(&self, reader: &mut Reader) -> Option<Credentials> {
        let (mut all, mut sound) = (Fields::new(), true);
        for (name, source) in self.headers() {
            let value = source.resolve().and_then(|secret| {
                let is_value = secret.expose_bytes().iter().all(|&byte| fields::is_value(byte));
                if is_value { Ok(secret) } else { Err(format!("the value of `{}` is none for a field", name.value)) }
            });
            match value {
                Ok(secret) => all.append(&*name.value.to_ascii_lowercase(), secret.expose_bytes()),
                Err(why) => {
                    reader.report(Diagnostic::error("no-secret", why, &name.span));
                    sound = false;
                }
            }
        }
        sound.then_some(Credentials(all))
    }
}

/// How long one request may take, unless the configuration says another time.
const TIMEOUT: Duration = Duration::from_secs(10);
/// As the specification asks for: who sends.
const AGENT: &str = concat!("OTel-OTLP-Exporter-Pintle/", env!("CARGO_PKG_VERSION"));
/// How much gzip tries: as for answers, the level that is worth its time.
const LEVEL: u32 = 2;

/// The upstream that a collector is.
fn service(config: &OtlpConfig, way: &Way) -> UpstreamConfig {
    let url = config.url();
    let mut reader = Reader::new();
    let written = match (url.value.tls, way.protocol) {
        (false, Protocol::Http) => "{endpoints: []}",
        (false, Protocol::Grpc) => "{endpoints: [], protocol: http2}",
        (true, Protocol::Http) => "{endpoints: [], tls: {}}",
        (true, Protocol::Grpc) => "{endpoints: [], tls: {}, protocol: http2}",
    };
    let read = reader.default_from::<UpstreamConfig>(written, &url.span);
    let mut service = read.expect("the defaults are good");
    let address = EndpointAddress(url.value.address.clone());
    service.endpoints.push(EndpointConfig::Short(Spanned::new(address, url.span.clone())));
    service.timeout.connect = service.timeout.connect.min(way.timeout);
    service.timeout.response = way.timeout;
    service.timeout.idle = way.timeout;
    if let Some(tls) = config.map().and_then(|map| map.tls.as_ref()) {
        service.tls = Some(tls.value.clone());
    }
    service
}

fn grpc_fields(timeout: Duration, gzip: bool) -> Fields {
    let mut fields = Fields::new();
    fields.append(names::CONTENT_TYPE, "application/grpc");
    fields.append(names::TE, "trailers");
    fields.append(names::GRPC_TIMEOUT, grpc::timeout_text(timeout));
    if gzip {
        fields.append("grpc-encoding", "gzip");
    }
    fields.append(names::USER_AGENT, AGENT);
    fields
}

fn http_fields(gzip: bool) -> Fields {
    let mut fields = Fields::new();
    fields.append(names::CONTENT_TYPE, "application/x-protobuf");
    if gzip {
        fields.append(names::CONTENT_ENCODING, "gzip");
    }
    fields.append(names::USER_AGENT, AGENT);
    fields
}

/// A message of gRPC: whether it is compressed, its length, itself.
fn framed(message: &[u8], gzip: bool) -> Bytes {
    let mut frame = Vec::with_capacity(5 + message.len());
    frame.push(u8::from(gzip));
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame.into()
}

/// Compresses beside what else runs in the background: a request takes some milliseconds.
async fn smaller(message: Bytes) -> Bytes {
    let compress = move || {
        let mut encoder = GzEncoder::new(Vec::with_capacity(message.len() / 4), flate2::Compression::new(LEVEL));
        let written = encoder.write_all(&message).and_then(|()| encoder.finish());
        written.expect("memory takes what is written").into()
    };
    tokio::task::spawn_blocking(compress).await.expect("compressing does not panic")
}

/// The answer's content, as much as may mean something, and its trailers.
async fn content(response: &mut Response) -> Result<(Vec<u8>, Fields), String> {
    let (mut content, mut trailers) = (Vec::new(), Fields::new());
    while let Some(frame) = response.body.frame().await {
        match frame.map_err(|error| error.to_string())? {
            Frame::Data(data) if content.len() + data.len() <= LONGEST => content.extend_from_slice(&data),
            Frame::Data(_) => return Err(format!("an answer of more than {LONGEST} bytes")),
            Frame::Trailers(fields) => trailers = fields,
        }
    }
    Ok((content, trailers))
}

fn why(refusal: &Refusal) -> String {
    match (refusal.reason, &refusal.internal) {
        (Reason::Timeout, None) => "no answer in time".into(),
        (_, Some(internal)) => internal.to_string(),
        (reason, None) => reason.code().into(),
    }
}
