//! A client that takes an answer slowly is served; one that takes nothing is given up.

use bytes::BytesMut;
use pintle_core::{Body, Fields, StatusCode, Version};
use pintle_http1::server::{Connection, Reply, Sent, WriteError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, DuplexStream};

const STALL: Duration = Duration::from_millis(100);
const SIZE: usize = 40_000;

async fn respond(near: DuplexStream) -> Result<Sent, WriteError> {
    let reply = Reply { version: Version::Http11, head_only: false, keep_alive: true, stall: STALL, deadline: None };
    let connection = Connection::new(near, BytesMut::new());
    let mut body = Body::full(vec![b'x'; SIZE]);
    connection.respond(StatusCode::OK, &Fields::new(), &mut body, reply, &mut 0).await
}

#[tokio::test]
async fn one_piece_may_take_longer_than_a_standstill() {
    let (near, mut far) = tokio::io::duplex(1000);
    let reading = async {
        let mut read = 0;
        let mut buffer = [0; 1000];
        let mut tick = tokio::time::interval(STALL / 20);
        while read < SIZE {
            tick.tick().await;
            match far.read(&mut buffer).await {
                Ok(some @ 1..) => read += some,
                end => panic!("{end:?} after {read} bytes"),
            }
        }
        far
    };
    let (sent, _far) = tokio::join!(respond(near), reading);
    assert_eq!(sent.expect("all of it").content, SIZE as u64);
}

#[tokio::test]
async fn nothing_taken_is_a_standstill() {
    let (near, _far) = tokio::io::duplex(1000);
    assert!(matches!(respond(near).await, Err(WriteError::Stalled)));
}
