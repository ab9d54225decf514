//! A service of gRPC by hand, on the `h2` crate: it sends back each piece that it gets, and then that all was well.

use bytes::Bytes;
use h2::server::{SendResponse, handshake};
use h2::{Reason, RecvStream};
use http::{HeaderMap, HeaderValue, Request, Response};
use parking_lot::Mutex;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// A running service; it ends when dropped.
pub(crate) struct Service {
    pub(crate) address: SocketAddr,
    heads: Arc<Mutex<Vec<HeaderMap>>>,
    accepting: JoinHandle<()>,
}

impl Service {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let heads: Arc<Mutex<Vec<HeaderMap>>> = Arc::default();
        let kept = Arc::clone(&heads);
        let accepting = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(connection(stream, Arc::clone(&kept)));
            }
        });
        Service { address, heads, accepting }
    }

    /// An upstream of the configuration.
    pub(crate) fn upstream(&self) -> String {
        format!("{{endpoints: [\"{}\"], protocol: http2}}", self.address)
    }

    /// A field of the request that came last.
    pub(crate) fn last(&self, name: &str) -> Option<String> {
        let heads = self.heads.lock();
        let value = heads.last()?.get(name)?;
        Some(value.to_str().expect("text").to_owned())
    }

    pub(crate) fn hits(&self) -> usize {
        self.heads.lock().len()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn connection(stream: TcpStream, heads: Arc<Mutex<Vec<HeaderMap>>>) {
    let Ok(mut connection) = handshake(stream).await else { return };
    while let Some(Ok((request, respond))) = connection.accept().await {
        heads.lock().push(request.headers().clone());
        tokio::spawn(answer(request, respond));
    }
}

async fn answer(request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let path = request.uri().path().to_owned();
    let mut content = request.into_body();
    if path.ends_with("/Silent") {
        // Until the caller gives up.
        let _ = poll_fn(|cx| respond.poll_reset(cx)).await;
        return;
    }
    let head = Response::builder().header("content-type", "application/grpc+proto");
    if path.ends_with("/Fails") {
        let head = head.header("grpc-status", "9").header("grpc-message", "no").body(()).expect("a head");
        let _ = respond.send_response(head, true);
        return;
    }
    let Ok(mut out) = respond.send_response(head.body(()).expect("a head"), false) else { return };
    let mut answered = false;
    while let Some(Ok(data)) = content.data().await {
        let _ = content.flow_control().release_capacity(data.len());
        if path.ends_with("/Cuts") && std::mem::replace(&mut answered, true) {
            return out.send_reset(Reason::INTERNAL_ERROR);
        }
        if out.send_data(data, false).is_err() {
            return;
        }
    }
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", HeaderValue::from_static("0"));
    trailers.insert("grpc-message", HeaderValue::from_static("well"));
    let _ = out.send_trailers(trailers);
}
