"""What metrics cost Pintle: the CPU time of a scrape with many routes that have had requests, what requests notice of it,
and memory a route. No peer takes part.
"""

import http.client
import threading
import time

import clients
import measure
import peers
import processes
from context import Figures, Result, Run, attempt
from routes import only_pintle
from workloads import Workload

ROUTES = 10_000
SCRAPES = 10
RATE = 2000  # requests a second beside the scrapes
PAUSE = 0.5  # seconds between two of them


def scrape(work: Workload, the: Run, result: Result) -> None:
    """Milliseconds of CPU time a scrape."""
    if figures := only_pintle(the, result):
        attempt(figures, cost, the, figures)


def beside(work: Workload, the: Run, result: Result) -> None:
    """The 99th percentile of requests beside a scrape, against those while there is none."""
    if figures := only_pintle(the, result):
        attempt(figures, ratio, the, figures)


def memory(work: Workload, the: Run, result: Result) -> None:
    """KiB that a route takes more once it has had a request."""
    if figures := only_pintle(the, result):
        attempt(figures, growth, the, figures)


def started(the: Run) -> tuple[peers.Pintle, int]:
    """A Pintle with many routes, and where its admin address is."""
    admin = processes.free_ports(1)[0]
    routes = "".join(f"  - {{match: /team-{number // 100:03}/route-{number:05}, respond: {{body: a}}}}\n" for number in range(ROUTES))
    routes += "  - {match: /1k, proxy: origin}\n"
    return the.start(peers.Pintle, more=f"admin: {{address: '127.0.0.1:{admin}'}}\n", routes=routes), admin


def traffic(port: int) -> None:
    """One request to each route."""
    with clients.connect(port) as stream:
        stream.settimeout(60)
        for number in range(ROUTES):
            path = f"/team-{number // 100:03}/route-{number:05}"
            stream.sendall(clients.request(path, close=False))
            if (status := clients.read_answer(stream)[0]) != 200:
                raise processes.Failed(f"{path} answered {status}")


def metrics(admin: int, gzip: bool) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=30)
    connection.request("GET", "/metrics", headers={"accept-encoding": "gzip"} if gzip else {})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    if answer.status != 200:
        raise processes.Failed(f"/metrics answered {answer.status}")
    return content


def cost(the: Run, figures: Figures) -> None:
    proxy, admin = started(the)
    traffic(proxy.setting.plain)
    text = metrics(admin, False)
    if text.count(b"pintle_requests_total{") < ROUTES:
        raise processes.Failed(f"{text.count(b'pintle_requests_total{')} routes are in the metrics")
    for gzip in (False, True):
        for _ in range(SCRAPES):
            before = sum(measure.cpu(proxy.pids()))
            size = len(metrics(admin, gzip))
            took = (sum(measure.cpu(proxy.pids())) - before) * 1000
            figures.top.append((took, gzip, size))
    plain, packed = ([took for took, was, _ in figures.top if was == gzip] for gzip in (False, True))
    sizes = [max(size for _, was, size in figures.top if was == gzip) for gzip in (False, True)]
    figures.cpu = plain
    figures.top = [("lines", text.count(b"\n")), ("MB", round(sizes[0] / 1e6, 1)), ("gzipped: ms of CPU, the least", round(min(packed))),
                   ("the most", round(max(packed))), ("MB", round(sizes[1] / 1e6, 2))]


def ratio(the: Run, figures: Figures) -> None:
    proxy, admin = started(the)
    traffic(proxy.setting.plain)
    load, loads = Workload("scrape-load", "", "wrk", 0, path="/1k", connections=20), []
    seconds = SCRAPES * (PAUSE + 0.5) + 3
    log = the.generator.folder / "h2load.log"
    thread = threading.Thread(target=lambda: loads.append(the.generator.drive(load, proxy.setting, seconds, RATE)))
    thread.start()
    time.sleep(1.5)
    windows = []
    for _ in range(SCRAPES):
        began = time.time()
        metrics(admin, True)
        windows.append((began * 1e6, time.time() * 1e6))
        time.sleep(PAUSE)
    thread.join()
    if not loads or loads[0].problems:
        raise processes.Failed("; ".join(loads[0].problems) if loads else "no load")
    inside, outside = [], []
    for line in log.read_text().splitlines():
        start, _, duration = map(int, line.split()[:3])
        during = any(first <= start + duration and start <= last for first, last in windows)
        (inside if during else outside).append(duration)
    if len(inside) < SCRAPES * 20:
        raise processes.Failed(f"only {len(inside)} requests beside {SCRAPES} scrapes are no load")
    p99 = [sorted(found)[int(len(found) * 0.99)] for found in (inside, outside)]
    figures.cpu.append(p99[0] / p99[1])
    figures.top = [("microseconds of a request beside a scrape, p99", p99[0]), ("else, p99", p99[1]), ("requests beside a scrape", len(inside)),
                   ("milliseconds of a scrape, the longest", round(max(last - first for first, last in windows) / 1000))]


def growth(the: Run, figures: Figures) -> None:
    proxy, _ = started(the)
    time.sleep(8)  # what loading needed goes back to the system some seconds later
    before = measure.rss(proxy.pids())
    traffic(proxy.setting.plain)
    figures.rss = measure.rss(proxy.pids())
    figures.cpu.append(max(0, figures.rss - before) / ROUTES)
    figures.top = [("resident memory without requests, KiB", before), ("with a request to each route", figures.rss)]
