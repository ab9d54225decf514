//! Peers that nobody here wrote, through the gateway: gRPC by `grpcio`, WebSocket by `websockets`, both from PyPI.

use pintle_testkit::{Folder, Gateway, Program, Unreachable};

/// Starts the script in one of its roles; nothing where its packages are not installed.
fn python(folder: &Folder, arguments: &[&str]) -> Option<Program> {
    Program::python(include_str!("peers/peers.py"), arguments, folder)
}

async fn port(service: &Program) -> u16 {
    service.told("a port", |line| line.trim().parse().ok()).await
}

async fn is_content(client: Program) {
    if client.told("an end", |line| Some(line.trim() == "ok")).await {
        return;
    }
    panic!("{}", client.ended().await);
}

#[tokio::test]
async fn grpcio_calls_grpcio() {
    let folder = Folder::new();
    let Some(service) = python(&folder, &["grpc-service"]) else { return };
    let port = port(&service).await;
    let gateway = Gateway::plain(format!(
        "limits: {{body: 8MiB}}
upstreams:
  rpc: {{endpoints: [\"127.0.0.1:{port}\"], protocol: http2}}
  old: {{endpoints: [\"127.0.0.1:{port}\"], protocol: http1}}
  down: {{endpoints: [\"{}\"], protocol: http2}}
routes:
  - {{match: POST /t.T/**, proxy: rpc}}
  - {{match: POST /old.T/**, proxy: old}}
  - {{match: POST /down.T/**, proxy: down}}
  - {{match: POST /small.T/**, policies: [{{body_limit: 1KiB}}], proxy: rpc}}
  - {{match: POST /quick.T/**, policies: [{{timeout: 200ms}}], proxy: rpc}}",
        Unreachable::new().address()
    ))
    .await;
    let address = gateway.address(0).to_string();
    let Some(client) = python(&folder, &["grpc-client", &address]) else { return };
    is_content(client).await;
    let line = gateway.wait_log(|line| line["url.path"] == "/t.T/Fail").await;
    assert_eq!((&line["http.response.status_code"], &line["rpc.grpc.status_code"]), (&200.into(), &9.into()));
}

#[tokio::test]
async fn websockets_talks_to_websockets() {
    let folder = Folder::new();
    let Some(service) = python(&folder, &["websocket-service"]) else { return };
    let routes = format!("routes: [{{match: /chat, proxy: \"http://127.0.0.1:{}\"}}]", port(&service).await);
    let gateway = Gateway::plain(format!("limits: {{timeout: {{drain: 300ms}}}}\n{routes}")).await;
    let address = gateway.address(0).to_string();
    let Some(client) = python(&folder, &["websocket-client", &address]) else { return };
    is_content(client).await;

    // One that is open when the gateway ends is told so.
    let Some(client) = python(&folder, &["websocket-waits", &address]) else { return };
    client.told("an open WebSocket", |line| (line.trim() == "open").then_some(())).await;
    gateway.terminate();
    assert_eq!(client.told("a code", |line| line.trim().parse::<u16>().ok()).await, 1001);
    assert_eq!(gateway.ended().await, Some(0));
}
