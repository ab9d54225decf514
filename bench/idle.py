"""The memory of idle connections: growth of a fresh proxy's resident memory by connections that had one request each."""

import time

import measure
import processes
from context import Figures, Result, Run, attempt, guarded
from proxy import Proxy
from workloads import Workload

IDLE_ROUNDS = 3


def idle(work: Workload, the: Run, result: Result) -> None:
    """Growth of resident memory by connections that have had one request each; a fresh proxy each round."""
    for kind in the.taking(work):
        result.figures[kind.name] = Figures()
    for number in range(min(IDLE_ROUNDS, the.rounds)):
        for name, figures in guarded(result, list(result.figures), number):
            attempt(figures, idle_round, work, the, next(one for one in the.proxies if one.name == name), figures)
            the.stop()


def idle_round(work: Workload, the: Run, kind: type[Proxy], figures: Figures) -> None:
    proxy = the.start(kind, work.serves)
    problems = the.generator.hold(work, proxy.setting, 50).release()  # what is set up once is not counted
    time.sleep(0.5)
    before = measure.rss(proxy.pids())
    held = the.generator.hold(work, proxy.setting, work.connections)
    time.sleep(1)
    after = measure.rss(proxy.pids())
    problems += held.release()
    if problems:
        raise processes.Failed("; ".join(problems))
    figures.cpu.append((after - before) / held.open)
    figures.rss = after
