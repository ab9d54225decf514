//! The client before the gateway, over HTTP/1.1 and over HTTP/2: it sends what the plan of the exchange says, leaves
//! when that says so, and keeps what it got.

use super::plan::{Fields, Kind, Plan};
use super::service::Run;
use super::wire::{H1Reader, Piece, Receiver, Sender, fields, h1_head, map};
use bytes::Bytes;
use h2::client::SendRequest;
use std::future::poll_fn;
use std::net::SocketAddr;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

/// An answer as the client got it.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Outcome {
    /// 0 where none came.
    pub(super) status: u16,
    pub(super) fields: Fields,
    pub(super) interim: Vec<(u16, Fields)>,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Fields,
    /// Whether it came to its end.
    pub(super) whole: bool,
}

/// Sends on the content; true when the client has left.
async fn send(plan: &Plan, run: &Run, sender: &mut Sender) -> bool {
    let most = if let Kind::CutRequest(most) = plan.kind { most } else { usize::MAX };
    if sender.content(&plan.ask, most).await && most == usize::MAX {
        sender.end(&plan.ask.trailers).await;
    }
    if matches!(plan.kind, Kind::CutRequest(_) | Kind::LeaveBeforeHead) {
        run.signal.notified().await;
        sender.cut();
        return true;
    }
    false
}

/// Reads the content; true when the client has left.
async fn receive(plan: &Plan, run: &Run, receiver: &mut Receiver, outcome: &mut Outcome) -> bool {
    loop {
        match receiver.piece().await {
            Piece::Data(data) => outcome.body.extend(data),
            Piece::End(trailers) => {
                (outcome.trailers, outcome.whole) = (trailers, true);
                return false;
            }
            Piece::Cut => return false,
        }
        match plan.kind {
            Kind::CutAnswer(most) if outcome.body.len() == most => run.signal.notify_one(),
            Kind::LeaveInAnswer(most) if outcome.body.len() == most => return true,
            _ => {}
        }
    }
}

/// Sends and receives until the answer is there and the request is out, or the client has left.
async fn both(sending: impl Future<Output = bool>, receiving: impl Future<Output = bool>) -> bool {
    let (mut sending, mut receiving) = (Box::pin(sending), Box::pin(receiving));
    tokio::select! {
        // Whoever goes while it still sends is one that left, for the log too.
        left = &mut receiving => left || sending.await,
        left = &mut sending => left || receiving.await,
    }
}

fn request_fields(plan: &Plan, number: usize) -> Fields {
    let mut fields = plan.ask.fields.clone();
    fields.push(("x-run".to_owned(), number.to_string()));
    fields.push(("te".to_owned(), "trailers".to_owned()));
    fields
}

/// Whether the request has content, be it empty.
fn has_content(plan: &Plan) -> bool {
    !plan.ask.body.is_empty() || !plan.ask.trailers.is_empty() || matches!(plan.method, "POST" | "PUT" | "PATCH")
}

/// Over HTTP/1.1, on a connection of its own.
pub(super) async fn over_h1(address: SocketAddr, host: &str, plan: &Plan, number: usize, run: &Run) -> Outcome {
    let stream = TcpStream::connect(address).await.unwrap_or_else(|error| panic!("no connection: {error}"));
    let _ = stream.set_nodelay(true);
    let (read, mut write) = stream.into_split();
    let mut fields = request_fields(plan, number);
    fields.insert(0, ("host".to_owned(), host.to_owned()));
    fields.push(("connection".to_owned(), "te".to_owned()));
    let line = format!("{} {} HTTP/1.1", plan.method, plan.target);
    let _ = write.write_all(&h1_head(&line, &fields, &plan.ask, has_content(plan))).await;
    let mut sender = Sender::H1 { write, chunked: has_content(plan) && !plan.ask.measured };
    let mut reader = H1Reader::new(read);
    let mut outcome = Outcome::default();
    let receiving = async {
        let bodiless =
            |line: &str| plan.method == "HEAD" || ["1", "204", "304"].iter().any(|s| line[9..].starts_with(s));
        loop {
            let Some((line, fields)) = reader.head(bodiless, false).await else { return false };
            let status: u16 = line[9..12].parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            if status >= 200 {
                (outcome.status, outcome.fields) = (status, fields);
                break;
            }
            outcome.interim.push((status, fields));
        }
        receive(plan, run, &mut Receiver::H1(reader), &mut outcome).await
    };
    let left = both(send(plan, run, &mut sender), receiving).await;
    if left {
        sender.cut();
    }
    outcome
}

/// Over HTTP/2, on a stream of a connection that others share.
pub(super) async fn over_h2(
    requests: &SendRequest<Bytes>,
    host: &str,
    plan: &Plan,
    number: usize,
    run: &Run,
) -> Outcome {
    let mut requests = requests.clone().ready().await.unwrap_or_else(|error| panic!("no stream: {error}"));
    let uri = format!("http://{host}{}", plan.target);
    let mut head = http::Request::builder().method(plan.method).uri(uri).body(()).unwrap_or_else(|e| panic!("{e}"));
    *head.headers_mut() = map(&request_fields(plan, number));
    if has_content(plan) && plan.ask.measured {
        head.headers_mut().insert("content-length", plan.ask.body.len().into());
    }
    let opened = requests.send_request(head, !has_content(plan));
    let (mut response, stream) = opened.unwrap_or_else(|error| panic!("no stream: {error}"));
    let mut sender = if has_content(plan) { Sender::H2(stream) } else { Sender::Over };
    let mut outcome = Outcome::default();
    let receiving = async {
        while let Some(Ok(interim)) = poll_fn(|cx| response.poll_informational(cx)).await {
            outcome.interim.push((interim.status().as_u16(), fields(interim.headers())));
        }
        let Ok(response) = response.await else { return false };
        let (head, body) = response.into_parts();
        (outcome.status, outcome.fields) = (head.status.as_u16(), fields(&head.headers));
        // Dropped at the end of this, which resets the stream if there is more to come.
        receive(plan, run, &mut Receiver::H2(body), &mut outcome).await
    };
    let left = both(send(plan, run, &mut sender), receiving).await;
    if left {
        sender.cut();
    }
    outcome
}
