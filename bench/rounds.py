"""A workload under load: interleaved rounds over the proxies, then latency, then system calls.

Every proxy is up for the whole workload, and takes its turn in each round; the figures of a round stand beside each other.
"""

import gzip
import http.client
import os
from dataclasses import replace

import install
import measure
import processes
from context import Figures, Result, Run, attempt, guarded
from proxy import Proxy
from workloads import Workload

LATENCY_ROUNDS = 3
RATE_SHARE = 0.5  # of what the slowest proxy manages: the fixed rate for all


def loaded(work: Workload, the: Run, result: Result) -> None:
    """CPU time a request under full load; latency at an equal rate; system calls in a pass of their own."""
    up: dict[str, Proxy] = {}
    for kind in the.taking(work):
        figures = result.figures[kind.name] = Figures()
        if proxy := attempt(figures, the.start, kind, work.serves):
            up[kind.name] = proxy
            attempt(figures, check, work, the, proxy, figures)
            if not figures.problems:
                attempt(figures, one_round, work, the, proxy, Figures(), 1)  # warm-up, its figures thrown away
    for number in range(the.rounds):
        for name, figures in guarded(result, list(up), number):
            attempt(figures, one_round, work, the, up[name], figures, the.seconds)
    for name, figures in guarded(result, list(up), 0):
        figures.rss = measure.rss(up[name].pids())
    speeds = [measure.spread(one.per_second)[0] for one in result.figures.values() if one.per_second and not one.problems]
    result.rate = round(min(speeds) * RATE_SHARE) if speeds else None
    for number in range(min(LATENCY_ROUNDS, the.rounds) if result.rate else 0):
        for name, figures in guarded(result, list(up), number):
            attempt(figures, latency, work, the, up[name], figures, result.rate)
    for name, figures in guarded(result, list(up), 0):
        attempt(figures, syscalls, work, the, up[name], figures)
    for name, figures in guarded(result, list(up), 0):
        up[name].stop()
        if the.log and not figures.problems and up[name].log.stat().st_size == 0:
            figures.problems.append("its access log is empty")


def check(work: Workload, the: Run, proxy: Proxy, figures: Figures) -> None:
    """One request before all others: a 200 with the right body (wrk does not tell 2xx from 3xx)."""
    single = replace(work, connections=1, streams=1)
    if work.serves == "grpc":
        # h2load does not look at trailers.
        text = processes.run([install.find("nghttp"), "-v", *the.generator.headers(work), "-d", str(the.generator.body(work)),
                              the.generator.target(work, proxy.setting)], 20)
        if "grpc-status: 0" not in text:
            raise processes.Failed(f"a call without its status: {text[-300:]}")
    if work.kind in ("wrk", "endpoints") and not work.tls:
        asking = http.client.HTTPConnection("127.0.0.1", proxy.setting.plain, timeout=10)
        try:
            if work.tokens:
                asking.request("GET", work.path, headers={"authorization": f"Bearer {the.generator.forged()}"})
                answer = asking.getresponse()
                answer.read()
                if answer.status != 401:
                    raise processes.Failed(f"answered {answer.status} to a forged token")
            asking.request("POST" if work.post else "GET", work.path, b"x" * work.post or None,
                           dict(line.split(": ") for line in work.headers))
            answer = asking.getresponse()
            body = answer.read()
        except http.client.HTTPException as error:
            raise processes.Failed(f"answered {error!r}") from None
        finally:
            asking.close()
        if work.serves == "gzip":
            if answer.getheader("content-encoding") != "gzip":
                raise processes.Failed("an answer that is not gzipped")
            figures.notes.append(f"{work.body:,} bytes become {len(body):,}")
            body = gzip.decompress(body)
        if (answer.status, len(body)) != (200, work.body):
            raise processes.Failed(f"answered {answer.status} with {len(body)} bytes in place of 200 with {work.body}")
    elif work.kind != "websocket":  # its client compares every echo
        # Over TLS h2load says what was negotiated, and tells the classes of statuses apart.
        figures.problems += the.generator.drive(single, proxy.setting, 0.5, None if work.kind == "handshakes" else 20).problems


def one_round(work: Workload, the: Run, proxy: Proxy, figures: Figures, seconds: float) -> None:
    if the.log:
        # Emptied while it is open: all of them append. Keeps the disk's share small and the same for all.
        if proxy.log.exists():
            os.truncate(proxy.log, 0)
    spent = measure.Cpu(proxy.pids())
    load = the.generator.drive(work, proxy.setting, seconds, meter=spent)
    if load.problems or not load.requests:
        raise processes.Failed("; ".join(load.problems) or "no requests")
    user, kernel = spent.user * 1e6 / load.requests, spent.kernel * 1e6 / load.requests
    figures.user.append(user)
    figures.kernel.append(kernel)
    figures.cpu.append(user + kernel)
    figures.per_second.append(load.requests / load.seconds)
    figures.busy.append((user + kernel) * load.requests / 1e6 / spent.took)


def latency(work: Workload, the: Run, proxy: Proxy, figures: Figures, rate: float) -> None:
    load = the.generator.drive(work, proxy.setting, the.seconds, rate)
    if load.problems:
        raise processes.Failed("; ".join(load.problems))
    figures.p50.append(load.percentile(0.50))
    figures.p99.append(load.percentile(0.99))


def syscalls(work: Workload, the: Run, proxy: Proxy, figures: Figures) -> None:
    seen = measure.Syscalls(proxy.pids(), the.folder)
    try:
        load = the.generator.drive(work, proxy.setting, min(2, the.seconds) / 4, meter=seen)  # a traced proxy takes its time
    except measure.CannotTrace:
        return  # the column stays empty; the other figures stand
    if load.problems:
        raise processes.Failed("; ".join(load.problems))
    figures.syscalls = seen.calls / load.requests
    figures.top = [(name, round(calls / load.requests, 2)) for name, calls in seen.top]
