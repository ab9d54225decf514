//! The demo's four services: what a real one would be, as small as it can be.

use pintle_core::{Body, Fields, Method, StatusCode, Version, names};
use pintle_http1::server::{Connection, Incoming, Reply};
use pintle_http1::{BodyLimits, Limits, RequestHead};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use tokio::net::{TcpListener, TcpStream};

const WAIT: Duration = Duration::from_secs(60);

/// What a service answers; nothing where it is switched off, and then it hangs up.
type Service = fn(&RequestHead) -> Option<Said>;

/// Status, type and content.
type Said = (StatusCode, &'static str, String);

/// Whether the rewards service is switched off, for everybody to see what becomes of an answer then.
static REWARDS_ARE_OFF: AtomicBool = AtomicBool::new(false);

/// Starts the services on a thread of their own. Gives, for each port that the configuration names, the one that was
/// free.
pub(crate) fn start() -> io::Result<HashMap<u16, u16>> {
    let services: [(u16, Service); 4] = [(9001, orders), (9002, users), (9003, page), (9004, rewards)];
    let mut ports = HashMap::new();
    let mut opened = Vec::new();
    for (port, service) in services {
        let listener = (port..port + 500)
            .step_by(10)
            .find_map(|port| std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok())
            .ok_or(io::ErrorKind::AddrInUse)?;
        listener.set_nonblocking(true)?;
        ports.insert(port, listener.local_addr()?.port());
        opened.push((listener, service));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name("demo-services".into()).spawn(move || {
        runtime.block_on(async {
            let serving: Vec<_> = opened.into_iter().map(|(l, service)| tokio::spawn(serve(l, service))).collect();
            for service in serving {
                let _ = service.await;
            }
        });
    })?;
    Ok(ports)
}

async fn serve(listener: std::net::TcpListener, service: Service) {
    let Ok(listener) = TcpListener::from_std(listener) else { return };
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(connection(stream, service));
    }
}

async fn connection(stream: TcpStream, service: Service) {
    let connection = Connection::new(stream, Default::default());
    while connection.begun(WAIT, Instant::now()).await {
        let Incoming::Head(head) = connection.head(&Limits::default(), WAIT).await else { return };
        let mut content = connection.body(&head, BodyLimits::default(), WAIT);
        while let Some(Ok(_)) = content.frame().await {}
        let Some((status, kind, text)) = service(&head) else { return };
        let mut fields = Fields::new();
        fields.append(names::CONTENT_TYPE, kind);
        let reply = Reply {
            version: Version::Http11,
            head_only: head.method == Method::HEAD,
            keep_alive: head.keep_alive,
            stall: WAIT,
            deadline: None,
        };
        let sent = connection.respond(status, &fields, &mut Body::full(text), reply, &mut 0).await;
        if !sent.is_ok_and(|sent| sent.keep_alive) {
            return;
        }
    }
}

const JSON: &str = "application/json";

fn orders(head: &RequestHead) -> Option<Said> {
    let order = |id: u32| json!({"id": id, "item": format!("item-{id}"), "quantity": id % 4 + 1});
    let path = head.target.path();
    let id = path.rsplit('/').next().and_then(|last| last.parse().ok());
    match id {
        Some(id) => found(&order(id)),
        None if path == "/orders" => found(&json!({"orders": (1..=3).map(order).collect::<Vec<_>>()})),
        None => missing("no such order"),
    }
}

fn users(head: &RequestHead) -> Option<Said> {
    let forwarded = |name: &str| head.fields.get_str(name).map_or(Value::Null, |value| json!(value));
    match head.target.path().strip_prefix("/v1/users/") {
        Some(name) if !name.is_empty() => found(&json!({
            "name": name,
            "seen_by_the_service": {
                "path": head.target.path(),
                "x-forwarded-for": forwarded("x-forwarded-for"),
                "x-request-id": forwarded("x-request-id"),
                "via": forwarded("via"),
            },
        })),
        _ => missing("no such user"),
    }
}

/// `PUT /off` switches it off, `PUT /on` on again.
fn rewards(head: &RequestHead) -> Option<Said> {
    let (path, is_off) = (head.target.path(), REWARDS_ARE_OFF.load(Ordering::Relaxed));
    match (path.strip_prefix("/points/"), path) {
        (None, "/on" | "/off") if head.method == Method::PUT => {
            REWARDS_ARE_OFF.store(path == "/off", Ordering::Relaxed);
            found(&json!({"rewards": &path[1..]}))
        }
        _ if is_off => None,
        (Some(name), _) => found(&json!({"points": 10 * name.len(), "level": "silver"})),
        _ => missing("no such page"),
    }
}

fn page(_: &RequestHead) -> Option<Said> {
    let text = "<!doctype html>\n<title>Pintle</title>\n<h1>It works</h1>\n<p>This page comes from a service behind the gateway.\n";
    Some((StatusCode::OK, "text/html; charset=utf-8", text.into()))
}

fn found(value: &Value) -> Option<Said> {
    Some((StatusCode::OK, JSON, format!("{value}\n")))
}

fn missing(why: &str) -> Option<Said> {
    Some((StatusCode::NOT_FOUND, JSON, format!("{}\n", json!({"error": why}))))
}
