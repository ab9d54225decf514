//! The service behind the gateway, over HTTP/1.1 and over HTTP/2: it does what the plan of the exchange says, and keeps
//! what it got.

use super::plan::{Fields, Kind, Plan};
use super::wire::{H1Reader, Piece, Receiver, Sender, fields, h1_head, map};
use bytes::Bytes;
use h2::server::SendResponse;
use parking_lot::Mutex;
use std::future::poll_fn;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::OwnedWriteHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// A request as the service got it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) fields: Fields,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Fields,
    /// Whether its content came to its end.
    pub(super) whole: bool,
    /// Whether the exchange ended from the other side, where the service waited for that.
    pub(super) gone: bool,
}

/// One plan carried out in one way.
#[derive(Default)]
pub(super) struct Run {
    pub(super) seen: Mutex<Seen>,
    /// To the service: go on. Or to the client, where it waits for the service.
    pub(super) signal: Notify,
    /// The service is through.
    pub(super) done: Notify,
}

/// All runs: those of plan `n` in way `w` at `4 * n + w`.
pub(super) struct Stage {
    pub(super) plans: Vec<Plan>,
    pub(super) runs: Vec<Run>,
}

/// How the service answers.
enum Answering<'a> {
    H1(&'a mut Option<OwnedWriteHalf>),
    H2(SendResponse<Bytes>),
}

impl Answering<'_> {
    async fn head(&mut self, plan: &Plan) -> Sender {
        let bodiless = plan.is_bodiless();
        match self {
            Answering::H1(write) => {
                let mut text = Vec::new();
                if plan.hint {
                    text.extend(b"HTTP/1.1 103 Early Hints\r\nlink: </hint>; rel=preload\r\n\r\n");
                }
                let line = format!("HTTP/1.1 {} Fine", plan.status);
                let tells = plan.status != 204 && (plan.answer.measured || !bodiless);
                let mut fields = plan.answer.fields.clone();
                if plan.kind == Kind::EarlyEnd {
                    fields.push(("connection".into(), "close".into()));
                }
                text.extend(h1_head(&line, &fields, &plan.answer, tells));
                let Some(mut write) = write.take() else { return Sender::Over };
                let _ = write.write_all(&text).await;
                Sender::H1 { write, chunked: !bodiless && !plan.answer.measured }
            }
            Answering::H2(respond) => {
                if plan.hint {
                    let mut hint = http::Response::new(());
                    *hint.status_mut() = http::StatusCode::EARLY_HINTS;
                    hint.headers_mut().append("link", http::HeaderValue::from_static("</hint>; rel=preload"));
                    let _ = respond.send_informational(hint);
                }
                let mut head = http::Response::new(());
                *head.status_mut() = http::StatusCode::from_u16(plan.status).unwrap_or_default();
                *head.headers_mut() = map(&plan.answer.fields);
                if plan.answer.measured && plan.status != 204 {
                    head.headers_mut().insert("content-length", plan.answer.body.len().into());
                }
                match respond.send_response(head, bodiless) {
                    Ok(stream) if !bodiless => Sender::H2(stream),
                    _ => Sender::Over,
                }
            }
        }
    }
}

/// Carries out one exchange; false when its connection must not be used again.
async fn play(stage: &Stage, head: Seen, receiver: &mut Receiver, mut answering: Answering<'_>) -> bool {
    let number =
        head.fields.iter().find(|(name, _)| name == "x-run").and_then(|(_, value)| value.parse::<usize>().ok());
    let Some(number) = number else { panic!("a request without x-run: {head:?}") };
    let (plan, run) = (&stage.plans[number / 4], &stage.runs[number]);
    let mut seen = head;
    let mut sender = Sender::Over;
    if matches!(plan.kind, Kind::Early | Kind::EarlyEnd | Kind::Echo) {
        sender = answering.head(plan).await;
    }
    if matches!(plan.kind, Kind::Early | Kind::EarlyEnd) {
        sender.content(&plan.answer, usize::MAX).await;
        sender.end(&plan.answer.trailers).await;
    }
    if plan.kind == Kind::EarlyEnd {
        // RFC 9112 9.6 and RFC 9113 8.1: HTTP/1.1 says `connection: close` and closes in stages, `h2` resets with
        // NO_ERROR what is dropped.
        if let (Sender::H1 { write, .. }, Receiver::H1(reader)) = (&mut sender, receiver) {
            let _ = write.shutdown().await;
            reader.gone().await;
        }
        return false;
    }
    loop {
        match receiver.piece().await {
            Piece::Data(data) => {
                seen.body.extend(&data);
                if plan.kind == Kind::Echo && !sender.piece(&data).await {
                    break;
                }
                if plan.kind == Kind::CutRequest(seen.body.len()) {
                    run.signal.notify_one();
                }
            }
            Piece::End(trailers) => {
                (seen.whole, seen.trailers) = (true, trailers);
                break;
            }
            Piece::Cut => break,
        }
    }
    let mut keep = seen.whole;
    match plan.kind {
        _ if !seen.whole => {}
        Kind::Early => {}
        Kind::Echo => {
            sender.end(&plan.answer.trailers).await;
        }
        Kind::NoHead => {
            keep = false;
            cut_unanswered(&mut answering);
        }
        Kind::CutAnswer(most) => {
            keep = false;
            sender = answering.head(plan).await;
            sender.content(&plan.answer, most).await;
            run.signal.notified().await;
            sender.cut();
        }
        Kind::LeaveBeforeHead | Kind::Silent => {
            run.signal.notify_one();
            keep = false;
            gone(receiver, &mut answering, &mut sender).await;
            seen.gone = true;
        }
        Kind::LeaveInAnswer(most) => {
            keep = false;
            sender = answering.head(plan).await;
            sender.content(&plan.answer, most).await;
            gone(receiver, &mut answering, &mut sender).await;
            seen.gone = true;
        }
        _ => {
            sender = answering.head(plan).await;
            if !plan.is_bodiless() {
                sender.content(&plan.answer, usize::MAX).await;
                sender.end(&plan.answer.trailers).await;
            }
        }
    }
    if let (Answering::H1(write), Sender::H1 { write: back, .. }) = (answering, sender) {
        *write = Some(back);
    }
    *run.seen.lock() = seen;
    run.done.notify_one();
    keep
}

fn cut_unanswered(answering: &mut Answering<'_>) {
    match answering {
        Answering::H1(write) => {
            if let Some(write) = write.take() {
                let _ = write.as_ref().set_zero_linger();
            }
        }
        Answering::H2(respond) => respond.send_reset(h2::Reason::INTERNAL_ERROR),
    }
}

/// Waits until the gateway has ended the exchange.
async fn gone(receiver: &mut Receiver, answering: &mut Answering<'_>, sender: &mut Sender) {
    match (receiver, answering, sender) {
        (_, _, Sender::H2(stream)) => drop(poll_fn(|cx| stream.poll_reset(cx)).await),
        (_, Answering::H2(respond), _) => drop(poll_fn(|cx| respond.poll_reset(cx)).await),
        (Receiver::H1(reader), ..) => reader.gone().await,
        (Receiver::H2(_), ..) => {}
    }
}

/// Accepts connections and serves them until the task is dropped.
pub(super) async fn serve(stage: Arc<Stage>, listener: TcpListener, http2: bool) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let stage = Arc::clone(&stage);
        connections
            .spawn(async move { if http2 { serve_h2(stage, stream).await } else { serve_h1(&stage, stream).await } });
    }
}

async fn serve_h1(stage: &Stage, stream: TcpStream) {
    let (read, write) = stream.into_split();
    let mut receiver = Receiver::H1(H1Reader::new(read));
    let mut write = Some(write);
    loop {
        let Receiver::H1(reader) = &mut receiver else { return };
        let Some((line, fields)) = reader.head(|_| false, true).await else { return };
        let mut words = line.split(' ').map(str::to_owned);
        let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let head = Seen { method, target, fields, ..Seen::default() };
        if !play(stage, head, &mut receiver, Answering::H1(&mut write)).await || write.is_none() {
            return;
        }
    }
}

async fn serve_h2(stage: Arc<Stage>, stream: TcpStream) {
    let Ok(mut connection) = h2::server::handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move {
            let (head, body) = request.into_parts();
            let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            let mut fields = fields(&head.headers);
            fields.push(("host".into(), head.uri.authority().map(ToString::to_string).unwrap_or_default()));
            let head = Seen { method: head.method.to_string(), target, fields, ..Seen::default() };
            play(&stage, head, &mut Receiver::H2(body), Answering::H2(respond)).await;
        });
    }
}
