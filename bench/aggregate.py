"""What an answer made of three services costs Pintle, against three requests that it sends on as they are, and against the slowest of the three by
itself. No peer takes part here."""

import http.client
import statistics
import time

import peers
import processes
import rounds
from context import Figures, Result, Run, attempt, rotated
from dataclasses import replace
from origin import PART, PARTS
from routes import only_pintle
from workloads import Workload

ONE_BY_ONE = 2000  # requests of a round, one after another


def against_plain(work: Workload, the: Run, result: Result) -> None:
    """CPU time a request, against that of three plain ones of the same bodies, in interleaved rounds."""
    if figures := only_pintle(the, result):
        attempt(figures, compared, work, the, figures)


def compared(work: Workload, the: Run, figures: Figures) -> None:
    plain = replace(work, path=f"/{PARTS[0]}.json", body=PART)
    up = {"one answer out of three": (work, the.start(peers.Pintle, serves="aggregate"), Figures()),
          "a plain request": (plain, the.start(peers.Pintle), Figures())}
    for asked, proxy, _ in up.values():
        rounds.check(asked, the, proxy, figures)
        rounds.one_round(asked, the, proxy, Figures(), 1)
    for number in range(the.rounds):
        for name in rotated(list(up), number):
            rounds.one_round(up[name][0], the, *up[name][1:], the.seconds)
    (_, _, made), (_, _, sent) = up.values()
    figures.cpu += [a / (3 * b) for a, b in zip(made.cpu, sent.cpu)]
    figures.top += [(f"CPU µs a request, {name}", round(statistics.median(seen.cpu), 1)) for name, (_, _, seen) in up.items()]


def over_slowest(work: Workload, the: Run, result: Result) -> None:
    """The time that an answer takes longer than the slowest of its parts, both at light load: one request after another."""
    if figures := only_pintle(the, result):
        attempt(figures, longer, work, the, figures)


def longer(work: Workload, the: Run, figures: Figures) -> None:
    proxy = the.start(peers.Pintle, serves="aggregate")
    origin = int(proxy.setting.origin.rsplit(":", 1)[1])
    asked = {"whole": (proxy.setting.plain, work.path), **{name: (origin, f"/{name}.json") for name in PARTS}}
    for number in range(the.rounds):
        took = {name: median(*asked[name]) for name in rotated(list(asked), number)}
        figures.cpu.append(took["whole"] - max(took[name] for name in PARTS))
    figures.top += [(f"µs, {name}", round(value)) for name, value in took.items()]


def median(port: int, path: str) -> float:
    """Microseconds that a request takes on a connection that is kept."""
    asking, took = http.client.HTTPConnection("127.0.0.1", port, timeout=10), []
    try:
        for _ in range(ONE_BY_ONE):
            began = time.perf_counter()
            asking.request("GET", path)
            answer = asking.getresponse()
            answer.read()
            took.append(time.perf_counter() - began)
            if answer.status != 200:
                raise processes.Failed(f"{path} answered {answer.status}")
    finally:
        asking.close()
    return statistics.median(took) * 1e6
