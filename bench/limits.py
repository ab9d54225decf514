"""What a rate limit costs Pintle: instructions a request by callgrind, with a limit that refuses none and without. No peer takes part."""

from context import Figures, Result, Run, attempt
from routes import counted, only_pintle
from workloads import Workload

ROUTE = "  - {{match: /**, policies: [{policies}], proxy: origin}}\n"
LIMIT = "{rate_limit: {rate: 1000000/s}}"
PER_MICROSECOND = 3000  # instructions, at 3 GHz and one a cycle


def added(work: Workload, the: Run, result: Result) -> None:
    """Microseconds that a limit by client adds to a request."""
    if figures := only_pintle(the, result):
        attempt(figures, added_time, the, figures)


def added_time(the: Run, figures: Figures) -> None:
    without, limited = (counted(the, "/1k", routes=ROUTE.format(policies=policies)) for policies in ("", LIMIT))
    figures.cpu.append((limited - without) / PER_MICROSECOND)
    figures.top = [("instructions a request, without a limit", round(without)), ("with one", round(limited))]
