//! Many changes under load: no request fails, no connection is dropped, nothing that is open notices, and the memory
//! stays. The exact memory of a change is in `tests/memory.rs`; here it is the program's own.

use pintle_testkit::{Ask, Certificates, Gateway, H1Client, H2Client, Origin, RawOrigin, TlsClient, Wire};
use std::cell::Cell;
use std::rc::Rc;
use tokio::task::{JoinHandle, LocalSet, spawn_local};

const NAME: &str = "shop.example.com";
/// How often the configuration changes.
const CHANGES: usize = 200;

/// The configuration's `number`th form: routes, an upstream's endpoints and weights differ.
fn config(number: usize, certificate: &str, a: &Origin, b: &Origin, slow: &RawOrigin) -> String {
    let (a, b) = (a.address(), b.address());
    let endpoints = match number % 3 {
        0 => format!("[{a}]"),
        1 => format!("[{a}, {b}]"),
        _ => format!("[{a}, {{address: {b}, weight: {}}}]", 1 + number % 7),
    };
    let balance = ["least_requests", "round_robin"][number % 2];
    // After the first change the route of the downloads is gone.
    let download =
        if number == 0 { format!("  - {{match: /download, proxy: '{}'}}\n", slow.url()) } else { String::new() };
    format!(
        "workers: 2
listeners:
  - {{name: plain, address: 127.0.0.1:0}}
  - {{name: secure, address: 127.0.0.1:0, tls: {{certificates: [{certificate}]}}}}
telemetry: {{access_log: none}}
upstreams:
  services: {{endpoints: {endpoints}, balance: {balance}}}
routes:
  - {{match: /service/**, proxy: services}}
  - {{match: /own, respond: {{body: own}}}}
  - {{name: changing-{number}, match: '/changing/{number}', respond: {{body: '{number}'}}}}
{download}"
    )
}

struct Load {
    stop: Rc<Cell<bool>>,
    served: Rc<Cell<usize>>,
    clients: Vec<JoinHandle<()>>,
}

impl Load {
    fn new() -> Self {
        Load { stop: Rc::default(), served: Rc::default(), clients: Vec::new() }
    }

    /// A client that keeps its one connection, and every answer of which is good.
    fn h1(&mut self, mut client: H1Client) {
        let (stop, served) = (Rc::clone(&self.stop), Rc::clone(&self.served));
        self.clients.push(spawn_local(async move {
            while !stop.get() {
                for target in ["/service/a", "/own"] {
                    let answer = client.ask(Ask::get(target).host(NAME)).await;
                    assert_eq!(answer.status, 200, "{target}: {answer:?}");
                    served.set(served.get() + 1);
                }
                let answer = client.ask(Ask::post("/service/b", "content").host(NAME)).await;
                assert_eq!((answer.status, &answer.json()["body"]), (200, &"content".into()));
            }
        }));
    }

    /// One stream after another on a connection that others use as well.
    fn h2(&mut self, client: &H2Client) {
        let (stop, served, client) = (Rc::clone(&self.stop), Rc::clone(&self.served), client.clone());
        self.clients.push(spawn_local(async move {
            while !stop.get() {
                for target in ["/service/a", "/own"] {
                    let answer = client.ask(Ask::get(target).host(NAME)).await;
                    assert_eq!(answer.status, 200, "{target}: {answer:?}");
                    served.set(served.get() + 1);
                }
            }
        }));
    }

    /// Ends it; panics where a client has.
    async fn end(self) -> usize {
        self.stop.set(true);
        for client in self.clients {
            client.await.expect("every request served");
        }
        self.served.get()
    }
}

#[tokio::test]
async fn nobody_notices_two_hundred_changes() {
    LocalSet::new().run_until(changes()).await;
}

async fn changes() {
    let (a, b, slow) = (Origin::named("a").await, Origin::named("b").await, RawOrigin::start().await);
    let certificates = Certificates::new();
    let written = certificates.write("shop", &certificates.server(&[NAME]));
    let config = |number| config(number, &written, &a, &b, &slow);
    let gateway = Gateway::start(config(0)).await;
    let tls = TlsClient::new(&certificates, NAME);

    // Downloads that are open all the time, over both versions.
    let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut download = gateway.wire().await;
    download.write(Ask::get("/download").to_h1()).await;
    let mut source: Wire = slow.accept().await;
    source.request().await;
    source.write(head).await;
    assert_eq!(download.head().await.status(), 200);
    let h2 = H2Client::tls(gateway.address(1), &tls).await;
    let mut download2 = h2.open(&Ask::get("/download").host(NAME), true).await.expect("a stream");
    let mut source2 = slow.accept().await;
    source2.request().await;
    source2.write(head).await;
    assert_eq!(download2.head().await.expect("a head").status, 200);

    let mut load = Load::new();
    for _ in 0..3 {
        load.h1(gateway.h1().await);
        load.h1(H1Client::tls(gateway.address(1), &tls).await);
        load.h2(&h2);
        load.h2(&h2);
    }

    let mut rss = Vec::with_capacity(CHANGES);
    for number in 1..=CHANGES {
        if number % 10 == 0 {
            certificates.write("shop", &certificates.server(&[NAME]));
        }
        gateway.change(config(number)).await;
        assert_eq!(gateway.get(&format!("/changing/{number}")).await.text(), number.to_string());
        assert_eq!(gateway.get(&format!("/changing/{}", number - 1)).await.status, 404);
        for source in [&mut source, &mut source2] {
            source.write("4\r\nmore\r\n").await;
        }
        assert_eq!(download.chunk().await.as_deref(), Some(&b"more"[..]));
        assert_eq!(download2.data().await.expect("data").expect("no reset"), "more");
        rss.push(gateway.rss());
    }
    let served = load.end().await;
    assert!(served > CHANGES, "{served} requests beside {CHANGES} changes are no load");

    for source in [&mut source, &mut source2] {
        source.write("0\r\n\r\n").await;
    }
    assert_eq!(download.chunk().await, None);
    while let Some(data) = download2.data().await {
        assert_eq!(data.expect("no reset"), "");
    }

    // Pages come and go in the noise of the load: a configuration that is held each time would still show.
    let (half, end) = (rss[CHANGES / 2], rss[CHANGES - 1]);
    let grown = end.saturating_sub(half);
    assert!(grown < 4 << 20, "{grown} bytes more after {} changes", CHANGES / 2);
    assert!(!gateway.stderr().contains("error"), "{}", gateway.stderr());
}
