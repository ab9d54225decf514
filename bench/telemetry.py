"""What telling of requests costs Pintle: instructions a request by callgrind, with nothing told and with each way of telling. No peer takes part."""

import peers
from context import Figures, Result, Run, attempt
from routes import counted, only_pintle
from workloads import Workload

OFF = {"access_log": "none", "metrics": "none", "why": "none"}


def ways(the: Run) -> dict[str, dict[str, str]]:
    """What is on, by what it is called. The traces' collector is one of the services: it takes what it is sent."""
    log = {"access_log": "{to: LOG}"}
    traces = {"traces": f'{{otlp: "http://{the.services.address("proxy")}/post", sample: 1%}}'}
    metrics, why = {"metrics": "{}"}, {"why": "{}"}
    return {
        "nothing": {}, "access log, JSON": log, "metrics": metrics, "why": why, "traces, 1%": traces,
        "all of it": log | metrics | why | traces,
    }


def telemetry(work: Workload, the: Run, result: Result) -> None:
    """Instructions a request with all of it, over those with nothing; beside it what each costs by itself."""
    if figures := only_pintle(the, result):
        attempt(figures, telemetry_ratio, the, figures)


def telemetry_ratio(the: Run, figures: Figures) -> None:
    costs = {name: counted(the, "/1k", telemetry=OFF | way) for name, way in ways(the).items()}
    nothing = costs["nothing"]
    figures.cpu.append(costs["all of it"] / nothing)
    figures.top = [(f"instructions a request, {name} ({cost / nothing:.3f})", round(cost)) for name, cost in costs.items()]
