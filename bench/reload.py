"""What a change costs Pintle: how soon a new route answers, what the requests beside it notice, what stays in memory; and
how long `pintle check` takes. No peer takes part.

As everywhere here, worker, reload and all else of Pintle share one CPU: what a reload takes, it takes from the worker.
"""

import json
import os
import select
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path

import clients
import install
import measure
import peers
import processes
from context import Figures, Result, Run, attempt
from routes import only_pintle
from workloads import Workload

CHANGES = 20
RATE = 2000  # requests a second beside the changes
PAUSE = 0.3  # seconds between two changes
FEW = 300  # reloads of a quick soak
WARM_UP = 200  # reloads of a soak in which pools and lists grow to their size
DOWNLOADS = str(Path(__file__).resolve().parent / "downloads.py")


def write(path: Path, text: str) -> None:
    """It appears whole: written beside, then renamed."""
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.rename(path)


def team(number: int, count: int, more: str = "") -> str:
    """The routes of one team: services, templates, policies and answers of its own, a quarter each."""
    lines, at = ["routes:"], f"/team-{number:03}"
    for route in range(count):
        here = f"{at}/r{route:04}"
        lines.append([
            f"  - {{match: {here}/**, proxy: origin}}",
            f"  - {{name: t{number:03}-{route:04}, match: 'GET,POST {here}/{{id}}', policies: [{{timeout: 5s}}], proxy: origin}}",
            f"  - {{match: {here}/**, proxy: {{to: origin, path: '/x/${{path.rest}}'}}}}",
            f"  - {{match: {here}, respond: {{body: r{route}}}}}",
        ][route % 4])
    return "\n".join(lines) + f"\n{more}"


def write_teams(folder: Path, teams: int, each: int) -> Path:
    routes = folder / "routes.d"
    routes.mkdir(parents=True)
    for number in range(teams):
        (routes / f"team-{number:03}.yaml").write_text(team(number, each))
    return routes


def started(the: Run, teams: int, each: int, routes: str) -> tuple[peers.Pintle, Path]:
    folder = the.folder / f"{the.count:03}-files"
    files = write_teams(folder, teams, each)
    proxy = the.start(peers.Pintle, more=f"include: ['{files}/*.yaml']\n", routes=routes)
    return proxy, files


def answer(stream, path: str) -> tuple[int, bytes]:
    stream.sendall(clients.request(path, close=False))
    seen = b""
    while b"\r\n\r\n" not in seen:
        if not (part := stream.recv(65536)):
            raise processes.Failed(f"{path}: the connection was closed")
        seen += part
    head, _, body = seen.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += stream.recv(65536)
    return int(head.split()[1]), body


def until(stream, path: str, wanted: bytes, pause: float) -> None:
    """Asks until the route is there and answers what is wanted."""
    end = time.monotonic() + 10
    while answer(stream, path) != (200, wanted):
        if time.monotonic() > end:
            raise processes.Failed(f"{path} does not answer {wanted!r} after 10 s")
        time.sleep(pause)


def reload(work: Workload, the: Run, result: Result) -> None:
    """Milliseconds until a new route answers."""
    if figures := only_pintle(the, result):
        attempt(figures, reload_under_load, the, figures)


def stall(work: Workload, the: Run, result: Result) -> None:
    """The longest that a request beside a reload took, in milliseconds: no worker can have stood still for longer."""
    if figures := only_pintle(the, result):
        attempt(figures, longest_wait, the, figures)


def reload_under_load(the: Run, figures: Figures) -> None:
    took, inside, outside = changes_under_load(the)
    figures.cpu = [one * 1000 for one in took]
    figures.top = [("the slowest change, ms", round(max(figures.cpu), 1))] + noticed(inside, outside)


def longest_wait(the: Run, figures: Figures) -> None:
    _, inside, outside = changes_under_load(the)
    figures.cpu.append(max(inside) / 1000)
    figures.top = noticed(inside, outside)


def noticed(inside: list[int], outside: list[int]) -> list:
    return [(f"microseconds of a request {where}, {share}", found[min(len(found) - 1, int(len(found) * part))])
            for where, found in (("beside a reload", sorted(inside)), ("else", sorted(outside)))
            for share, part in (("p50", 0.5), ("p99", 0.99), ("the longest", 1))]


def changes_under_load(the: Run) -> tuple[list[float], list[int], list[int]]:
    """Seconds until each new route answered; microseconds of the requests beside a reload, and of the others."""
    proxy, files = started(the, 100, 100, "  - {match: /1k, proxy: origin}\n  - {match: /warm, respond: {body: warm}}\n")
    load = Workload("reload-load", "", "wrk", 0, path="/1k", connections=20)
    seconds, loads = CHANGES * (PAUSE + 0.15) + 3, []
    log = the.generator.folder / "h2load.log"
    thread = threading.Thread(target=lambda: loads.append(the.generator.drive(load, proxy.setting, seconds, RATE)))
    took, windows = [], []
    with clients.connect(proxy.setting.plain) as stream:
        until(stream, "/warm", b"warm", 0.01)
        thread.start()
        time.sleep(1.5)
        for number in range(CHANGES):
            path = f"/team-{number:03}/new"
            text = team(number, 100, f"  - {{match: {path}, respond: {{body: '{number}'}}}}\n")
            began, wall = time.monotonic(), time.time()
            write(files / f"team-{number:03}.yaml", text)
            until(stream, path, str(number).encode(), 0.001)
            took.append(time.monotonic() - began)
            # What comes after the swap belongs to it too: the configuration before is taken apart.
            windows.append((wall * 1e6, (time.time() + 0.1) * 1e6))
            time.sleep(PAUSE)
        thread.join()
    if not loads or loads[0].problems:
        raise processes.Failed("; ".join(loads[0].problems) if loads else "no load")
    inside, outside = [], []
    for line in log.read_text().splitlines():
        start, status, duration = map(int, line.split()[:3])
        beside = any(first <= start + duration and start <= last for first, last in windows)
        (inside if beside else outside).append(duration)
    if len(inside) < CHANGES * RATE * 0.05:
        raise processes.Failed(f"only {len(inside)} requests beside {CHANGES} reloads are no load")
    return took, inside, outside


def check(work: Workload, the: Run, result: Result) -> None:
    """Seconds of `pintle check`, and the most memory that it had."""
    if figures := only_pintle(the, result):
        attempt(figures, check_once, work, the, figures)


def check_once(work: Workload, the: Run, figures: Figures) -> None:
    the.count += 1
    folder = the.folder / f"{the.count:03}-check"
    write_teams(folder, 100, work.routes // 100)
    main = folder / "pintle.yaml"
    main.write_text("include: ['routes.d/*.yaml']\nlisteners: [{address: '127.0.0.1:8080'}]\n"
                    f"upstreams: {{origin: {{endpoints: ['{the.services.address('proxy')}']}}}}\n")
    for _ in range(min(3, the.rounds)):
        began = time.monotonic()
        child = subprocess.Popen([str(install.pintle()), "check", str(main)],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        said = child.stdout.read()
        child.stdout.close()
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        figures.cpu.append(time.monotonic() - began)
        figures.rss = max(figures.rss, usage.ru_maxrss)
        if child.returncode or "good" not in said:
            raise processes.Failed(f"check ended with {child.returncode}: {said[-300:]}")
    figures.top = [("resident memory at most, MB", round(figures.rss * 1024 / 1e6))]
    if work.memory and figures.rss * 1024 / 1e6 > work.memory:
        raise processes.Failed(f"{figures.rss * 1024 / 1e6:.0f} MB are more than {work.memory}")


def soak(work: Workload, the: Run, result: Result) -> None:
    """KiB of resident memory that a reload leaves behind, with downloads open all the time."""
    if figures := only_pintle(the, result):
        attempt(figures, soaked, the, figures)


class Downloads:
    """The process that serves and reads what stays open."""

    def __init__(self):
        self.child = subprocess.Popen([sys.executable, DOWNLOADS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = self.line()["port"]

    def line(self, seconds: float = 120) -> dict:
        ready, _, _ = select.select([self.child.stdout], [], [], seconds)
        if not ready:
            self.child.kill()
            raise processes.Failed("the downloads say nothing")
        return json.loads(self.child.stdout.readline() or "{}")

    def say(self, text: str) -> dict:
        self.child.stdin.write(text + "\n")
        self.child.stdin.flush()
        return self.line()

    def end(self) -> None:
        self.child.kill()
        self.child.wait(30)
        self.child.stdin.close()
        self.child.stdout.close()


def soaked(the: Run, figures: Figures) -> None:
    reloads = FEW if the.quick else the.reloads
    downloads = Downloads()
    try:
        service = f"http://127.0.0.1:{downloads.port}"
        proxy, files = started(the, 10, 100, f"  - {{match: /download, proxy: '{service}'}}\n")
        opened = downloads.say(f"{proxy.setting.plain} 1000")
        rss = []
        with clients.connect(proxy.setting.plain) as stream:
            for number in range(WARM_UP + reloads):
                at = number % 10
                more = f"  - {{match: /number, respond: {{body: '{number:06}'}}}}\n" if at == 0 else \
                    f"  - {{match: /number-{at}, respond: {{body: '{number:06}'}}}}\n"
                write(files / f"team-{at:03}.yaml", team(at, 100, more))
                until(stream, "/number" if at == 0 else f"/number-{at}", f"{number:06}".encode(), 0.002)
                rss.append(measure.rss(proxy.pids()))
        closed = downloads.say("")
    finally:
        downloads.end()
    if opened["open"] != 1000 or opened["problems"] or closed["problems"]:
        raise processes.Failed(f"downloads: {opened['problems']} {closed['problems']}")
    half = rss[WARM_UP + reloads // 2:]
    middle = statistics.linear_regression(range(len(half)), half)
    figures.cpu.append(max(0.0, middle.slope))
    figures.rss = rss[-1]
    figures.top = [("reloads", reloads), ("chunks of 1,000 downloads", closed["chunks"]),
                   ("resident memory after the warm-up, KiB", rss[WARM_UP]), ("at the end, KiB", rss[-1])]
