"""The workloads: one entry each, data only. How each kind is run stands in rounds.py.

A bar is the highest allowed ratio of Pintle's figure to the best peer's, or an absolute maximum with its unit, or a ratio for
each peer by name: then those peers and no others run beside Pintle.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    name: str
    says: str
    kind: str  # wrk | h2load | handshakes | websocket | idle | endpoints | routes | telemetry | added | debts | network_load | tokens | beside | against_plain | over_slowest | routes_memory | scrape | beside_scrape | route_memory | reload | stall | check | soak
    bar: float | dict[str, float]
    unit: str = "x"  # of the bar: x is the ratio to the best peer
    serves: str = "proxy"  # what the proxies are set up for: proxy | aggregate | limit | jwt | files | gzip | websocket | grpc
    each: str = "request"  # what figures are of
    path: str = "/1k"
    body: int = 1024  # bytes of an answer, or of a message
    headers: tuple[str, ...] = ()  # of a request
    tls: bool = False
    connections: int = 64
    streams: int = 1
    post: int = 0  # bytes of a request's body
    resumed: bool = False
    routes: int = 0
    memory: int = 0  # MB that it may take at most
    tokens: bool = False  # each request has the next one of the generator's file
    clients: int = 0  # so many clients by X-Forwarded-For, in turn; 0 is the one that there is

    def bars(self) -> str:
        """The bar in words."""
        if isinstance(self.bar, dict):
            return ", ".join(f"≤ {bar:g} of {peer}" for peer, bar in self.bar.items())
        return f"≤ {self.bar:g} {'of the best peer' if self.unit == 'x' else self.unit}"

    def takes(self, proxy: str) -> bool:
        """Whether a proxy takes part."""
        return proxy == "pintle" or not isinstance(self.bar, dict) or proxy in self.bar

    def least(self) -> int:
        """Bytes of an answer that must come over the wire at least."""
        return self.body // 20 if self.serves == "gzip" else self.body


AGGREGATE = len('{"profile":,"orders":,"rewards":}') + 3 * 1024  # bytes of an answer out of three of 1 KB
GRPC_MESSAGE = 5 + 64  # bytes: its flag and length, then what it says; the answer is as long

ALL = [
    Workload("h1-1k", "HTTP/1.1 GET of 1 KB, 64 connections", "wrk", 0.85),
    Workload("h1-post-10k", "HTTP/1.1 POST of 10 KB, 64 connections", "wrk", 0.85, path="/post", body=6, post=10240),
    Workload("h1-64k", "HTTP/1.1 GET of 64 KB, 64 connections", "wrk", 0.90, path="/64k", body=64 * 1024),
    Workload("h1-1m", "HTTP/1.1 GET of 1 MB, 64 connections", "wrk", 0.90, path="/1m", body=1024 * 1024),
    Workload("tls-h1-1k", "HTTP/1.1 over TLS, GET of 1 KB, 64 connections", "wrk", 0.95, tls=True),
    Workload("h2-1k-8x16", "HTTP/2 over TLS, GET of 1 KB, 8 connections of 16 streams", "h2load", 0.95,
             tls=True, connections=8, streams=16),
    Workload("h2-1k-64x1", "HTTP/2 over TLS, GET of 1 KB, 64 connections of 1 stream", "h2load", 0.95, tls=True),
    Workload("h2-100k", "HTTP/2 over TLS, GET of 100 KB, 8 connections of 16 streams", "h2load", 0.95,
             tls=True, connections=8, streams=16, path="/100k", body=100 * 1024),
    Workload("tls-new-full", "new TLS connections, full handshake, one GET of 1 KB each", "handshakes", 1.0,
             tls=True, connections=8),
    Workload("tls-new-resumed", "new TLS connections, resumed, one GET of 1 KB each", "handshakes", 1.0,
             tls=True, connections=8, resumed=True),
    Workload("idle-plain", "memory of an idle keep-alive connection, 5,000 open", "idle", 3, "KiB", connections=5000),
    Workload("idle-tls", "memory of an idle TLS keep-alive connection, 5,000 open", "idle", 13, "KiB",
             connections=5000, tls=True),
    Workload("endpoints", "instructions of a request with three endpoints, health checks and retries, against one endpoint with nothing on",
             "endpoints", 1.05, "times one endpoint"),
    Workload("websocket", "WebSocket echo, 1,000 connections, messages of 128 bytes", "websocket", {"nginx": 1.0, "haproxy": 1.0},
             serves="websocket", each="message", connections=1000, body=128),
    Workload("websocket-idle", "memory of an idle WebSocket that had one echo, 1,000 open", "idle", {"nginx": 1.0},
             serves="websocket", connections=1000, body=128),
    Workload("grpc", "gRPC unary over HTTP/2 without TLS on both sides, messages of 64 bytes, 8 connections of 16 streams", "h2load",
             {"envoy": 0.6, "haproxy": 1.1}, serves="grpc", each="call", connections=8, streams=16, path="/bench.Echo/Call.grpc",
             post=GRPC_MESSAGE, body=GRPC_MESSAGE, headers=("content-type: application/grpc", "te: trailers")),
    Workload("file-1k", "static file of 1 KB, HTTP/1.1, 64 connections", "wrk", {"nginx": 1.0}, serves="files"),
    Workload("file-1m", "static file of 1 MB, HTTP/1.1, 64 connections", "wrk", {"nginx": 1.0}, serves="files", path="/1m", body=1024 * 1024),
    Workload("file-1m-tls", "static file of 1 MB, HTTP/1.1 over TLS, 64 connections", "wrk", {"nginx": 1.0}, serves="files",
             path="/1m", body=1024 * 1024, tls=True),
    Workload("gzip-20k", "JSON of 20 KB from the origin, gzipped on the way, HTTP/1.1, 64 connections", "wrk", {"nginx": 1.0},
             serves="gzip", path="/20k.json", body=20 * 1024, headers=("accept-encoding: gzip",)),
    Workload("aggregate", "one answer out of three JSON bodies of 1 KB, HTTP/1.1, 64 connections; nginx by a script in JavaScript", "wrk", {"nginx": 0.6},
             serves="aggregate", path="/home", body=AGGREGATE),
    Workload("aggregate-plain", "the same: CPU time, against three plain requests for the same bodies", "against_plain", 1.25, "times three requests",
             path="/home", body=AGGREGATE),
    Workload("aggregate-latency", "the same: the time over the slowest of its parts, one request after another, 50th percentile", "over_slowest", 150, "us",
             path="/home", body=AGGREGATE),
    Workload("rate_limit", "a rate limit by client that refuses none, 100,000 clients in turn, HTTP/1.1 GET of 1 KB, 64 connections", "wrk",
             {"nginx": 1.0, "haproxy": 1.0}, serves="limit", clients=100_000),
    Workload("rate_limit-added", "`rate_limit` by client, 100,000 clients that all have a debt: instructions a request more than without, as us at 3 GHz",
             "added", 1, "us", serves="limit", clients=100_000),
    Workload("rate_limit-memory", "resident memory that a client takes more in `rate_limit`, 100,000 of them", "debts", 100, "bytes", each="client",
             serves="limit", clients=100_000),
    Workload("routes", "instructions of a request to the last of 10,000 routes, against one route", "routes", 1.02, "times one route"),
    Workload("telemetry", "JSON access log, metrics, why and traces at 1%, against none of them: instructions a request", "telemetry", 1.15),
    Workload("ip_filter", "an `ip_filter` of 100,000 networks: instructions a request more than without, as us at 3 GHz", "added", 0.5, "us"),
    Workload("ip_filter-load", "`pintle check` with a file of 100,000 networks, against without", "network_load", 100, "ms"),
    Workload("authorize", "`authorize` with five conditions: instructions a request more than without, as us at 3 GHz", "added", 3, "us"),
    Workload("api_key", "`api_key` with 100,000 consumers: instructions a request more than without, as us at 3 GHz", "added", 1, "us"),
    Workload("jwt", "tokens by RS256, 1,000 distinct ones in rotation, verified with issuer, audience and time, HTTP/1.1 GET of 1 KB, 64 connections", "beside",
             {"haproxy": 1.0}, serves="jwt"),
    Workload("jwt-added", "what `jwt` adds to a request: RS256, 1,000 distinct tokens in rotation, instructions as time at 3 GHz", "tokens", 3, "us"),
    Workload("routes-memory", "resident memory with 100,000 routes", "routes_memory", 150, "MB"),
    Workload("scrape-10k", "a scrape of the metrics of 10,000 routes that have had requests: CPU time", "scrape", 200, "ms", each="scrape"),
    Workload("scrape-10k-p99", "the same, gzipped, beside 2,000 requests a second: their 99th percentile, against that while there is none",
             "beside_scrape", 1.2, "times without"),
    Workload("route-memory", "memory that a route takes more once it has had requests of one listener, method and class, one worker",
             "route_memory", 4, "KiB", each="route"),
    Workload("reload-10k", "a route added to one of 100 files with 10,000 routes, under 2,000 requests a second: until it answers",
             "reload", 100, "ms"),
    Workload("reload-10k-stall", "the same: the longest that any other request takes beside it", "stall", 5, "ms"),
    Workload("reload-soak", "resident memory that a reload of 1,000 routes leaves, with 1,000 downloads open", "soak", 1, "KiB"),
    Workload("check-10k", "`pintle check` of 10,000 routes in 100 files", "check", 0.5, "s", routes=10_000),
    Workload("check-100k", "`pintle check` of 100,000 routes in 100 files, in at most 600 MB", "check", 6, "s",
             routes=100_000, memory=600),
]


def chosen(names: str | None) -> list[Workload]:
    """The workloads named, or whose names begin so (`h2` is all that begin with `h2-`); all of them without names."""
    if not names:
        return ALL
    wanted, found = [one.strip() for one in names.split(",") if one.strip()], []
    for want in wanted:
        some = [one for one in ALL if one.name == want] or [one for one in ALL if one.name.startswith(want + "-")]
        if not some:
            raise SystemExit(f"no workload {want!r}; there are: {', '.join(one.name for one in ALL)}")
        found += [one for one in some if one not in found]
    return found
