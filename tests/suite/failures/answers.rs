//! Services that take a request and give no answer, or one that is none.

use super::play::{Case, Given, PATH, case, each};
use pintle_testkit::{Ask, Origin, RawOrigin, Reply, Wire};
use std::time::Duration;

/// Tries again at once.
const RETRY: &str = "retry: {on: [reset, timeout], backoff: 1ms}";

pub(super) fn cases() -> Vec<Case> {
    vec![
        each("takes a request and says nothing", "", silent),
        elsewhere("takes a request and says nothing; `retry: {on: [timeout]}`, another endpoint", "GET", silent),
        each("closes before an answer", "", closing),
        each("closes within the head of its answer", "", async |mut wire: Wire| {
            wire.request().await;
            wire.write("HTTP/1.1 200 OK\r\ncontent-le").await;
        }),
        each("resets before an answer", "", resetting),
        elsewhere("resets before an answer; `retry: {on: [reset]}`, another endpoint", "GET", resetting),
        elsewhere("resets before an answer to a POST; `retry: {on: [reset]}`, another endpoint", "POST", resetting),
        each("sends the head of its answer byte by byte", "", async |mut wire: Wire| {
            wire.request().await;
            let head = format!("HTTP/1.1 200 OK\r\nx-slow: {}\r\ncontent-length: 0\r\n\r\n", "y".repeat(1000));
            paced(&mut wire, head.as_bytes()).await;
        }),
        each("answers something that is not HTTP", "", async |wire: Wire| {
            says(wire, "SSH-2.0-OpenSSH_9.6\r\n\r\n").await;
        }),
        each("answers with Content-Length and Transfer-Encoding", "", async |wire: Wire| {
            says(
                wire,
                "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            )
            .await;
        }),
        each("answers with two values of Content-Length", "", async |wire: Wire| {
            says(wire, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 3\r\n\r\nok").await;
        }),
        each("sends header fields without end", "", async |mut wire: Wire| {
            wire.request().await;
            let field = format!("x-more: {}\r\n", "x".repeat(1000)).repeat(100);
            let _ = wire.try_write("HTTP/1.1 200 OK\r\n").await;
            while wire.try_write(&field).await.is_ok() {}
        }),
        each("sends interim answers without end", "", async |mut wire: Wire| {
            wire.request().await;
            let hints = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n".repeat(100);
            while wire.try_write(&hints).await.is_ok() {}
        }),
    ]
}

/// Sends byte after byte, which is the fault itself.
pub(super) async fn paced(wire: &mut Wire, bytes: &[u8]) {
    for byte in bytes {
        if wire.try_write([*byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn silent(mut wire: Wire) {
    wire.request().await;
    wire.to_end().await;
}

async fn closing(mut wire: Wire) {
    wire.request().await;
}

async fn resetting(mut wire: Wire) {
    wire.request().await;
    wire.reset();
}

async fn says(mut wire: Wire, answer: &str) {
    wire.request().await;
    wire.write(answer).await;
    wire.to_end().await;
}

/// The service has the first turn, and another one is good.
fn elsewhere<F>(fault: &'static str, method: &'static str, script: fn(Wire) -> F) -> Case
where
    F: Future<Output = ()> + Send + 'static,
{
    case(fault, move |play| async move {
        let (service, good) = (RawOrigin::start().await, Origin::answering(Reply::text("ok")).await);
        let given = Given::two(service.address(), good.address(), RETRY);
        let _playing = service.play(script);
        play.start(given).await.ask(Ask::new(method, PATH)).await;
        // What must not be done twice was done by nobody else.
        assert_eq!(good.hits(), usize::from(method == "GET"));
    })
}
