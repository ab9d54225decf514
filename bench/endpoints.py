"""What many endpoints with health checks and retries cost Pintle, against one endpoint with nothing on. No peer takes part.

Instructions by callgrind, as for many routes; CPU time with both side by side in interleaved rounds.
"""

import statistics

import peers
import rounds
from context import Figures, Result, Run, attempt, rotated
from routes import counted, only_pintle
from workloads import Workload

# Health, ejection and retries as an operator would write them: nothing is at its cheapest value.
WATCHED = """
    endpoints: [{endpoints}]
    connections: {{keep: 256}}
    health:
      check: {{path: /healthz, every: 5s, timeout: 1s, expect: 200-299, up_after: 2, down_after: 3}}
      eject: {{after: 5, for: 30s, at_most: 50%}}
    retry: {{attempts: 2, on: [connect, reset, timeout, 502, 503, 504], backoff: 25ms, budget: 20%}}"""


def endpoints(work: Workload, the: Run, result: Result) -> None:
    """The ratio of instructions is the figure; what it is made of, and CPU time, stand beside it."""
    if figures := only_pintle(the, result):
        attempt(figures, compared, work, the, figures)


def compared(work: Workload, the: Run, figures: Figures) -> None:
    watched = WATCHED.format(endpoints=", ".join(f'"{one}"' for one in the.services.endpoints()))
    plain = round(counted(the, work.path, many=3200))
    three = round(counted(the, work.path, many=3200, upstream=watched))
    both = {"one endpoint with nothing on": {}, "three endpoints with health checks and retries": {"upstream": watched}}
    up = {name: (the.start(peers.Pintle, **extra), Figures()) for name, extra in both.items()}
    for proxy, _ in up.values():
        rounds.check(work, the, proxy, figures)
        rounds.one_round(work, the, proxy, Figures(), 1)
    for number in range(the.rounds):
        for name in rotated(list(up), number):
            rounds.one_round(work, the, *up[name], the.seconds)
    figures.cpu.append(three / plain)
    for (name, (_, seen)), instructions in zip(up.items(), (plain, three)):
        figures.top += [(f"instructions a request, {name}", instructions), (f"CPU µs a request, {name}", round(statistics.median(seen.cpu), 1))]
    one, many = (seen.cpu for _, seen in up.values())
    figures.top.append(("CPU time, against one endpoint", round(statistics.median(b / a for a, b in zip(one, many)), 2)))
