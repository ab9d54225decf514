"""What all workloads of a run share, and the figures that they bring back.

What goes wrong with one proxy makes that proxy's figures invalid and leaves the others' alone.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import processes
from load import Generator
from origin import Services
from proxy import Proxy, Setting
from workloads import Workload


@dataclass
class Run:
    """What all workloads of a run share."""

    folder: Path
    services: Services
    certificate: tuple[Path, Path, Path]
    generator: Generator
    proxies: list[type[Proxy]]
    rounds: int
    seconds: float
    log: bool
    cpu: int
    quick: bool = False
    reloads: int = 10_000  # of the soak
    started: list[Proxy] = field(default_factory=list)
    count: int = 0

    def taking(self, work: Workload) -> list[type[Proxy]]:
        """The proxies that take part in a workload."""
        return [one for one in self.proxies if work.takes(one.name)]

    def ready(self, kind: type[Proxy], serves: str = "proxy", **extra) -> Proxy:
        """A fresh proxy in a folder of its own, not started; `stop` ends it, and the run's end does so for certain."""
        self.count += 1
        origin = self.services.address(serves)
        plain, tls = processes.free_ports(2)
        proxy = kind(Setting(self.folder / f"{self.count:03}-{kind.name}", plain, tls, origin, *self.certificate,
                             log=self.log, cpu=self.cpu, serves=serves, files=self.services.files,
                             issuer=self.folder / "issuer.pem"))
        vars(proxy).update(extra)
        self.started.append(proxy)
        return proxy

    def start(self, kind: type[Proxy], serves: str = "proxy", **extra) -> Proxy:
        """A fresh proxy that runs."""
        proxy = self.ready(kind, serves, **extra)
        proxy.start()
        return proxy

    def stop(self) -> None:
        while self.started:
            self.started.pop().stop()


@dataclass
class Figures:
    """One proxy in one workload; times in microseconds, memory in KiB, one entry a round."""

    cpu: list[float] = field(default_factory=list)  # a request; for the other kinds, the kind's own figure
    user: list[float] = field(default_factory=list)
    kernel: list[float] = field(default_factory=list)
    per_second: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)  # share of its CPU
    p50: list[float] = field(default_factory=list)
    p99: list[float] = field(default_factory=list)
    rss: int = 0
    syscalls: float | None = None
    top: list = field(default_factory=list)
    notes: list[str] = field(default_factory=list)  # for the reader
    problems: list[str] = field(default_factory=list)


@dataclass
class Result:
    workload: Workload
    figures: dict[str, Figures] = field(default_factory=dict)
    rate: float | None = None


def rotated(names: list, by: int) -> list:
    """The same names, starting one further each round, so that none always comes after the same other."""
    by %= max(1, len(names))
    return names[by:] + names[:by]


def guarded(result: Result, names: list[str], by: int) -> Iterator[tuple[str, Figures]]:
    """The names of a round, without those whose figures are invalid by now."""
    for name in rotated(names, by):
        if not result.figures[name].problems:
            yield name, result.figures[name]


def attempt(figures: Figures, step, *args):
    """Runs one step for one proxy; what fails becomes its problem."""
    try:
        return step(*args)
    except (processes.Failed, OSError, ValueError) as error:
        figures.problems.append(f"{step.__name__}: {error}")
