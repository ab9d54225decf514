#!/usr/bin/env python3
"""Runs Pintle and its peers side by side and prints the report; `--help` has the options.

Owns the order of a run and its end: whatever was started is stopped, the temporary folder is removed.
Ends with 1 if any figure is invalid (an answer that is not a 2xx, a proxy that does not start).
"""

import argparse
import dataclasses
import json
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import access
import aggregate
import endpoints
import idle
import install
import origin
import peers
import processes
import reload
import report
import rounds
import routes
import scrape
import telemetry
import tokens
import workloads
from context import Result, Run
from load import Generator

KINDS = {"wrk": rounds.loaded, "h2load": rounds.loaded, "handshakes": rounds.loaded, "websocket": rounds.loaded,
         "idle": idle.idle, "endpoints": endpoints.endpoints, "routes": routes.routes, "telemetry": telemetry.telemetry, "added": access.added,
         "debts": access.debts, "network_load": access.load, "against_plain": aggregate.against_plain, "over_slowest": aggregate.over_slowest, "tokens": tokens.tokens,
         "beside": tokens.beside, "routes_memory": routes.routes_memory,
         "scrape": scrape.scrape, "beside_scrape": scrape.beside, "route_memory": scrape.memory,
         "reload": reload.reload, "stall": reload.stall, "check": reload.check, "soak": reload.soak}


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Pintle beside its peers, on loopback.")
    parser.add_argument("--workload", help="several with commas; `h2` is all that begin with `h2-`; default: all")
    parser.add_argument("--proxies", help="several with commas; default: all that are installed")
    parser.add_argument("--rounds", type=int, help="default: 6")
    parser.add_argument("--seconds", type=float, help="of load, each proxy and round; default: 4")
    parser.add_argument("--reloads", type=int, default=10_000, help="of reload-soak; with --quick a few")
    parser.add_argument("--log", choices=["on", "off"], default="on", help="the access log of every proxy")
    parser.add_argument("--quick", action="store_true", help="1 round of 1 second unless told: does it work at all?")
    parser.add_argument("--write", action="store_true", help="keep the report as bench/RESULTS.md")
    parser.add_argument("--no-install", action="store_true", help="do with what is installed")
    parser.add_argument("--list", action="store_true", help="the workloads")
    given = parser.parse_args()
    given.rounds = given.rounds or (1 if given.quick else 6)
    given.seconds = given.seconds or (1 if given.quick else 4)
    if not 1 <= given.rounds <= 100 or not 1 <= given.seconds <= 60:
        parser.error("rounds: 1 to 100; seconds: 1 to 60")
    return given


def chosen_proxies(names: str | None) -> list[type[peers.Proxy]]:
    """The proxies that run; says which are left out."""
    known = {one.name: one for one in peers.ALL}
    wanted = [one.strip() for one in names.split(",")] if names else list(known)
    if unknown := [one for one in wanted if one not in known]:
        raise SystemExit(f"no proxy {unknown[0]!r}; there are: {', '.join(known)}")
    found = []
    for name in wanted:
        if known[name].program():
            found.append(known[name])
        elif name == "pintle":
            say("pintle: skipped, there is no release build (cargo build --release, or set PINTLE)")
        else:
            say(f"{name}: skipped, not installed")
    return found


def tools() -> dict[str, str]:
    """The versions of what measures."""
    def first(*argv: str) -> str:
        return processes.run([install.find(argv[0]) or argv[0], *argv[1:]], 20).splitlines()[0]
    found = {"h2load": first("h2load", "--version"), "strace": first("strace", "-V").replace(" -- version", ""),
             "valgrind": first("valgrind", "--version"), "openssl": first("openssl", "version").split(" (")[0]}
    found["wrk"] = "wrk " + install.package_version("wrk")  # wrk -v ends with 1 and its usage
    return found


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def measure_all(given: argparse.Namespace, works: list[workloads.Workload], proxies: list, folder: Path) -> list[Result]:
    proxy_cpu, other_cpu = processes.cpus()
    os.sched_setaffinity(0, {other_cpu})  # for this process and for all that it starts without taskset
    services, results = origin.Services(folder, other_cpu), []
    the = Run(folder, services, origin.certificate(folder), Generator(folder / "load"), proxies,
              given.rounds, given.seconds, given.log == "on", proxy_cpu, given.quick, given.reloads)
    try:
        for work in works:
            say(f"{work.name}: {work.says}")
            results.append(Result(work))
            try:
                KINDS[work.kind](work, the, results[-1])
            finally:
                the.stop()
    except KeyboardInterrupt:
        results.pop()
        given.write = False
        say("interrupted: the workloads that were complete follow")
    finally:
        services.stop()
    return results


def main() -> int:
    given = options()
    if given.list:
        for work in workloads.ALL:
            print(f"{work.name:16} {work.says}; {work.bars()}")
        return 0
    works = workloads.chosen(given.workload)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    if not given.no_install:
        install.ensure()
    proxies = chosen_proxies(given.proxies)
    install.raise_file_limit()
    folder = Path(tempfile.mkdtemp(prefix="pintle-bench-"))
    try:
        results = measure_all(given, works, proxies, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = report.text(results, proxies, tools(), given.rounds, given.seconds, given.log == "on")
    # A problem may quote a program that names its files; those are gone by now, and nobody's business.
    text = text.replace(str(folder), "").replace(str(install.BENCH.parent), "")
    print(text)
    install.OUT.mkdir(exist_ok=True)
    (install.OUT / "last.json").write_text(json.dumps([dataclasses.asdict(one) for one in results], indent=1))
    if given.write:
        (install.BENCH / "RESULTS.md").write_text(text)
    return int(any(one.problems for result in results for one in result.figures.values()))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except processes.Failed as failed:
        sys.exit(f"bench: {failed}")
