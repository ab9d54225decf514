//! What hyper makes of bytes, in memory and without waiting.

use http_body::Body;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Uri};
use std::cell::RefCell;
use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// More turns than hyper needs for any message.
const TURNS: usize = 8192;

/// The first request that hyper hands to its service.
#[derive(Debug)]
pub struct Seen {
    /// Its method.
    pub method: Method,
    /// Its target.
    pub uri: Uri,
    /// Its content, and whether all of it came.
    pub body: (Vec<u8>, bool),
}

/// The response that hyper hands to its caller.
#[derive(Debug)]
pub struct Answered {
    /// Its status.
    pub status: StatusCode,
    /// Its content, and whether all of it came.
    pub body: (Vec<u8>, bool),
}

/// What hyper's server takes for the first request, if anything.
pub fn server(raw: &[u8]) -> Option<Seen> {
    let seen = Rc::new(RefCell::new(None));
    let service = service_fn(|request: Request<Incoming>| {
        let seen = Rc::clone(&seen);
        async move {
            let (head, body) = request.into_parts();
            let first = seen.borrow().is_none();
            if first {
                *seen.borrow_mut() = Some(Seen { method: head.method, uri: head.uri, body: (Vec::new(), false) });
                let body = content(body).await;
                seen.borrow_mut().as_mut().expect("just put there").body = body;
            }
            Ok::<_, Infallible>(Response::new(String::new()))
        }
    });
    // The bytes end before the answer is written: a client that has closed its side only.
    let mut builder = hyper::server::conn::http1::Builder::new();
    let connection = builder.half_close(true).serve_connection(Memory::new(raw, false), service);
    let mut connection = pin!(connection);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..TURNS {
        if connection.as_mut().poll(&mut cx).is_ready() {
            break;
        }
    }
    seen.take()
}

/// What hyper's client takes for the response to a request of this method, if anything.
pub fn client(raw: &[u8], method: &Method) -> Option<Answered> {
    let answered = Rc::new(RefCell::new(None));
    let work = async {
        let (mut sender, connection) = hyper::client::conn::http1::handshake(Memory::new(raw, true)).await.ok()?;
        let request = Request::builder().method(method).uri("/").header("host", "a").body(String::new()).ok()?;
        let sent = sender.send_request(request);
        let exchange = async {
            let response = sent.await.ok()?;
            let status = response.status();
            *answered.borrow_mut() = Some(Answered { status, body: (Vec::new(), false) });
            let body = content(response.into_body()).await;
            *answered.borrow_mut() = Some(Answered { status, body });
            Some(())
        };
        let (mut connection, mut exchange) = (pin!(connection), pin!(exchange));
        let mut over = false;
        poll_fn(|cx| {
            over = over || connection.as_mut().poll(cx).is_ready();
            exchange.as_mut().poll(cx)
        })
        .await
    };
    let mut work = pin!(work);
    let mut cx = Context::from_waker(Waker::noop());
    for _ in 0..TURNS {
        if work.as_mut().poll(&mut cx).is_ready() {
            break;
        }
    }
    answered.take()
}

async fn content(mut body: Incoming) -> (Vec<u8>, bool) {
    let mut content = Vec::new();
    loop {
        match poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            None => return (content, true),
            Some(Err(_)) => return (content, false),
            Some(Ok(frame)) => {
                if let Some(data) = frame.data_ref() {
                    content.extend_from_slice(data);
                }
            }
        }
    }
}

/// Bytes to read, then the end; what is written goes nowhere. While it is `silent`, there is nothing to read until
/// something has been written: a server that waits to be asked.
struct Memory {
    bytes: Vec<u8>,
    at: usize,
    silent: bool,
}

impl Memory {
    fn new(bytes: &[u8], silent: bool) -> Self {
        Memory { bytes: bytes.to_vec(), at: 0, silent }
    }
}

impl Read for Memory {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, mut out: ReadBufCursor<'_>) -> Poll<io::Result<()>> {
        if self.silent {
            return Poll::Pending;
        }
        let take = out.remaining().min(self.bytes.len() - self.at);
        out.put_slice(&self.bytes[self.at..self.at + take]);
        self.at += take;
        Poll::Ready(Ok(()))
    }
}

impl Write for Memory {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.silent = false;
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
