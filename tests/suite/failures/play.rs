//! A case of the table: a gateway before a service that fails, and what came of a request held against the row.

use super::came::{self, Came};
use super::table::Row;
use pintle_testkit::{Ask, Gateway, RawOrigin, Wire, until};
use serde_json::Value;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// The limit that a row names is this; all others are so long that no test would wait for them.
pub(super) const SHORT: Duration = Duration::from_millis(600);
const LONG: &str = "50s";
/// How much longer than its limit something may take, on a machine that is busy with other things.
const LEEWAY: Duration = Duration::from_secs(6);

/// The path of the request that the row is about.
pub(super) const PATH: &str = "/asked";

/// What the client speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// A fault, and how it is played.
pub(super) struct Case {
    pub(super) fault: &'static str,
    pub(super) play: Box<dyn Fn(Play) -> Pin<Box<dyn Future<Output = ()>>>>,
}

/// A case.
pub(super) fn case<F>(fault: &'static str, play: impl Fn(Play) -> F + 'static) -> Case
where
    F: Future<Output = ()> + 'static,
{
    Case { fault, play: Box::new(move |given| Box::pin(play(given))) }
}

/// A case of one service that does the same on each of its connections, and of a GET to it. `keys` are the upstream's.
pub(super) fn each<F>(
    fault: &'static str,
    keys: &'static str,
    script: impl Fn(Wire) -> F + Copy + Send + 'static,
) -> Case
where
    F: Future<Output = ()> + Send + 'static,
{
    case(fault, move |play| async move {
        let service = RawOrigin::start().await;
        let given = Given { keys: keys.into(), ..Given::to(service.address()) };
        let _playing = service.play(script);
        play.start(given).await.get().await;
    })
}

/// The same, where the script is told when the client has the head of the answer: what goes wrong then goes wrong midway. A
/// stream that is reset at once may lose its head to the reset.
pub(super) fn midway<F>(
    fault: &'static str,
    keys: &'static str,
    script: impl Fn(Wire, Begun) -> F + Copy + Send + 'static,
) -> Case
where
    F: Future<Output = ()> + Send + 'static,
{
    case(fault, move |play| async move {
        let service = RawOrigin::start().await;
        let given = Given { keys: keys.into(), ..Given::to(service.address()) };
        let begun = Arc::clone(&play.begun);
        let _playing = service.play(move |wire| script(wire, Arc::clone(&begun)));
        play.start(given).await.get().await;
    })
}

/// Tells that the client has the head of its answer.
pub(super) type Begun = Arc<Notify>;

/// What a case has its gateway configured with.
#[derive(Default)]
pub(super) struct Given {
    /// The upstream's endpoints, as they are written.
    pub(super) endpoints: String,
    /// Further keys of the upstream.
    pub(super) keys: String,
    /// Further keys of the file.
    pub(super) file: String,
}

impl Given {
    /// One endpoint.
    pub(super) fn to(endpoint: SocketAddr) -> Self {
        Given { endpoints: format!("\"{endpoint}\""), ..Given::default() }
    }

    /// Two endpoints, of which the first one has the first turn, and nearly every one after it.
    pub(super) fn two(first: SocketAddr, second: SocketAddr, keys: &str) -> Self {
        let endpoints = format!("{{address: \"{first}\", weight: 1000}}, \"{second}\"");
        Given { endpoints, keys: keys.to_owned(), ..Given::default() }
    }
}

/// What a case is given.
pub(super) struct Play {
    pub(super) row: Row,
    pub(super) version: Version,
    pub(super) begun: Begun,
}

impl Play {
    /// The time of a limit: short if it is the row's.
    pub(super) fn limit(&self, name: &str) -> String {
        if self.row.limit.as_deref() == Some(name) { format!("{}ms", SHORT.as_millis()) } else { LONG.to_owned() }
    }

    /// Starts the gateway. It has one worker, so that all clients come upon the same kept connections.
    pub(super) async fn start(self, given: Given) -> Bench {
        let Given { endpoints, keys, file } = given;
        let [connect, response, idle] =
            ["timeout.connect", "timeout.response", "timeout.idle"].map(|name| self.limit(name));
        let whole = self.limit("timeout");
        let config = format!(
            "listeners: [{{address: 127.0.0.1:0}}]
admin: {{address: 127.0.0.1:0}}
workers: 1
{file}
upstreams:
  shop:
    endpoints: [{endpoints}]
    balance: round_robin
    timeout: {{connect: {connect}, response: {response}, idle: {idle}}}
    {keys}
routes: [{{match: /**, policies: [{{timeout: {whole}}}], proxy: shop}}]
"
        );
        let gateway = Gateway::start(config).await;
        let mut bench = Bench { gateway, play: self, before: HashMap::new() };
        bench.mark().await;
        bench
    }
}

/// A gateway before a service that fails.
pub(super) struct Bench {
    pub(super) gateway: Gateway,
    pub(super) play: Play,
    /// The row's series as they were.
    before: HashMap<String, f64>,
}

impl Bench {
    /// Counts from here on.
    pub(super) async fn mark(&mut self) {
        let text = self.metrics().await;
        self.before = self.play.row.metrics.iter().map(|series| (series.clone(), value(&text, series))).collect();
    }

    async fn metrics(&self) -> String {
        self.gateway.ask_admin(Ask::get("/metrics")).await.text()
    }

    /// Asks in the client's version, as a preparation: nothing is held against the row.
    pub(super) async fn prepare(&self, target: &str) -> Came {
        came::ask(&self.gateway, &self.play, Ask::get(target)).await
    }

    /// A GET, held against the row.
    pub(super) async fn get(&self) -> Came {
        self.ask(Ask::get(PATH)).await
    }

    /// A request, held against the row.
    pub(super) async fn ask(&self, ask: Ask) -> Came {
        let came = came::ask(&self.gateway, &self.play, ask).await;
        self.hold(came).await
    }

    async fn hold(&self, came: Came) -> Came {
        let row = &self.play.row;
        let line = self.gateway.wait_log(|line| line["url.path"] == PATH).await;
        let say = || format!("{:?}, {row:?}, {came:?}, {line}", self.play.version);
        assert_eq!(came.gets, row.gets, "what the client gets: {}", say());
        if !came.gets.contains(',') {
            assert_eq!(came.reason, row.reason, "the problem's reason: {}", say());
            assert!(!String::from_utf8_lossy(&came.content).contains("127.0.0."), "an address is told: {}", say());
        }
        let least = if row.limit.is_some() { SHORT } else { Duration::ZERO };
        assert!(came.took >= least, "it took {:?}: {}", came.took, say());
        assert!(came.took < least + LEEWAY, "it took {:?}: {}", came.took, say());
        self.logged().await;
        let status = line["http.response.status_code"].to_string();
        assert!(row.gets.starts_with(&status), "the log's status {status}: {}", say());
        self.counted().await;
        came
    }

    /// Waits for the request's line in the log, and holds its reason against the row.
    pub(super) async fn logged(&self) -> Value {
        let line = self.gateway.wait_log(|line| line["url.path"] == PATH).await;
        let row = &self.play.row;
        assert_eq!(line["pintle.reason"].as_str(), row.reason.as_deref(), "the log's reason: {row:?}, {line}");
        line
    }

    /// Waits until each of the row's series has grown.
    pub(super) async fn counted(&self) {
        let Row { fault, metrics, .. } = &self.play.row;
        for series in metrics {
            until(format!("{series} to grow: {fault}"), async || {
                (value(&self.metrics().await, series) > self.before[series]).then_some(())
            })
            .await;
        }
    }
}

/// All series of a name with these labels, and perhaps others.
fn value(metrics: &str, series: &str) -> f64 {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let wanted: Vec<&str> = labels.trim_end_matches('}').split(',').filter(|label| !label.is_empty()).collect();
    let of = |line: &str| {
        let (id, value) = line.rsplit_once(' ')?;
        let has = id.split('{').next() == Some(name) && wanted.iter().all(|label| id.contains(label));
        has.then(|| value.parse::<f64>().ok()).flatten()
    };
    metrics.lines().filter_map(of).sum()
}
