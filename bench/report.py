"""The report in Markdown: the bars first, then one table a workload, the machine and the versions.

Ratios are paired: of each round the figure over the best peer's figure of the same round, then the median.
"""

import datetime
import os
import platform
import statistics
from pathlib import Path

from context import Figures, Result
from measure import spread
from proxy import Proxy

KINDS = ("wrk", "h2load", "handshakes", "websocket", "beside")


def shown(values: list[float], digits: int = 1) -> str:
    """Median and spread."""
    if not values:
        return "–"
    middle, low, high = spread(values)
    return f"{middle:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})" if len(values) > 1 else f"{middle:.{digits}f}"


def valid(result: Result) -> dict[str, Figures]:
    return {name: one for name, one in result.figures.items() if one.cpu and not one.problems}


def best_peer(result: Result) -> str | None:
    peers = {name: statistics.median(one.cpu) for name, one in valid(result).items() if name != "pintle"}
    return min(peers, key=peers.get) if peers else None


def ratios(result: Result, name: str, peer: str | None) -> list[float]:
    """The rounds' ratios to a peer."""
    there = valid(result)
    if name not in there or peer not in there:
        return []
    return [own / other for own, other in zip(there[name].cpu, there[peer].cpu)]


def verdict(result: Result) -> tuple[str, str]:
    """Pintle's figure against the bar, and whether that is met."""
    own = valid(result).get("pintle")
    if not own:
        return "–", "invalid" if result.figures.get("pintle", Figures()).problems else "not run"
    bar = result.workload.bar
    if isinstance(bar, dict):
        each = {peer: ratios(result, "pintle", peer) for peer in bar}
        missed = any(values and statistics.median(values) > bar[peer] for peer, values in each.items())
        return "; ".join(f"{shown(values, 2)} of {peer}" for peer, values in each.items()), \
            "**missed**" if missed else "met" if all(each.values()) else "not shown: a peer is missing"
    values = ratios(result, "pintle", best_peer(result)) if result.workload.unit == "x" else own.cpu
    if not values:
        return "–", "no peer to compare with"
    return shown(values, 3 if result.workload.kind in ("routes", "endpoints") else 2), \
        "met" if statistics.median(values) <= bar else "**missed**"


def bars(results: list[Result]) -> list[str]:
    lines = ["| workload | shape | bar | Pintle | best peer | bar is |", "| --- | --- | --- | --- | --- | --- |"]
    for result in results:
        work = result.workload
        figure, met = verdict(result)
        lines.append(f"| {work.name} | {work.says} | {work.bars()} | {figure} | {best_peer(result) or '–'} | {met} |")
    return lines


def loaded_table(result: Result) -> list[str]:
    at = f" at {result.rate:,}/s" if result.rate else ""
    each, best = result.workload.each, best_peer(result)
    lines = [f"| proxy | CPU µs a {each} | user | kernel | to the best peer | syscalls a {each} | p50 ms{at} | p99 ms{at} "
             f"| {each}s/s | CPU busy | RSS MiB |", "| --- " * 11 + "|"]
    for name, one in valid(result).items():
        calls = f"{one.syscalls:.2f}" if one.syscalls is not None else "–"
        p50, p99 = ([value / 1000 for value in values] for values in (one.p50, one.p99))
        lines.append(f"| {name} | {shown(one.cpu)} | {shown(one.user)} | {shown(one.kernel)} | {shown(ratios(result, name, best), 2)} "
                     f"| {calls} | {shown(p50, 2)} | {shown(p99, 2)} | {statistics.median(one.per_second):,.0f} "
                     f"| {statistics.median(one.busy):.0%} | {one.rss / 1024:.1f} |")
    return lines


def idle_table(result: Result) -> list[str]:
    lines = ["| proxy | KiB a connection | RSS MiB with all open |", "| --- | --- | --- |"]
    return lines + [f"| {name} | {shown(one.cpu, 2)} | {one.rss / 1024:.1f} |" for name, one in valid(result).items()]


def own_table(result: Result) -> list[str]:
    lines = []
    for name, one in valid(result).items():
        lines.append(f"{name}: {shown(one.cpu, 3)} {result.workload.unit}.")
        lines += [f"- {text}: {value:,}" for text, value in one.top]
    return lines


def section(result: Result) -> list[str]:
    work = result.workload
    table = loaded_table if work.kind in KINDS else idle_table if work.kind == "idle" else own_table
    lines = [f"### {work.name}", "", f"{work.says[0].upper()}{work.says[1:]}.", ""]
    if valid(result):
        lines += table(result)
        lines += [f"- {name}: {note}" for name, one in valid(result).items() for note in one.notes]
    lines += [f"- **invalid**, {name}: {problem}" for name, one in result.figures.items() for problem in one.problems]
    return lines + [""]


def machine() -> list[str]:
    models = [line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024 / 1024
    load = ", ".join(f"{one:.1f}" for one in os.getloadavg())
    return [f"- date: {datetime.date.today()}",
            f"- machine: {os.cpu_count()} cores, {models[0] if models else platform.machine()}, {memory:.0f} GiB, "
            f"Linux {platform.release()}, load average at the end {load}"]


def versions(proxies: list[type[Proxy]], tools: dict[str, str]) -> list[str]:
    texts = [one.version() for one in proxies] + list(tools.values())
    return [f"- versions: {'; '.join(texts)}"]


def text(results: list[Result], proxies: list[type[Proxy]], tools: dict[str, str], rounds: int, seconds: float, log: bool) -> str:
    """The whole report."""
    lines = ["# Results", "", "Pintle beside its peers; [README.md](README.md) says how this is measured. Written by `make bench WRITE=1`.", ""]
    lines += machine() + versions(proxies, tools)
    lines += [f"- {rounds} interleaved round{'s' if rounds > 1 else ''} of {seconds:g} s, access log {'on' if log else 'off'}; median (lowest..highest)", ""]
    lines += ["## Bars", "", *bars(results), "", "## Workloads", ""]
    for result in results:
        lines += section(result)
    return "\n".join(lines)
