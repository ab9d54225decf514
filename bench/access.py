"""What policies of access cost Pintle: instructions a request by callgrind, with a policy and without, told as microseconds at 3 GHz. No peer takes part."""

import hashlib
import ipaddress
import tempfile
import time
from pathlib import Path

import measure
import peers
import processes
from context import Figures, Result, Run, attempt
from routes import ask, counted, nothing, only_pintle
from workloads import Workload

PER_MICROSECOND = 3000  # instructions, at 3 GHz and one a cycle
MANY = 100_000  # consumers and clients
LIMIT = "{rate_limit: {rate: 1000000/s}}"

FIVE = ('request.method in [\\"GET\\", \\"HEAD\\"] && request.path.startsWith(\\"/1k\\") && !has(request.headers.x_debug) '
        '&& client.ip != \\"192.0.2.1\\" && request.host.size() > 3')


def networks(folder: Path) -> Path:
    """100,000 networks, 70,000 of them of IPv4, of which none is on loopback."""
    lines = [str(ipaddress.ip_network(((20 << 24) + (number << 8), 25))) for number in range(70_000)]
    lines += [str(ipaddress.ip_network(((0x2a00 << 112) + (number << 96), 40), strict=False)) for number in range(0, 30_000 << 8, 1 << 8)]
    (folder / "networks.txt").write_text("\n".join(lines) + "\n")
    return folder / "networks.txt"


def consumers(folder: Path) -> str:
    """100,000 consumers with a key each, as the top level names them."""
    lines = [f'{{"name":"partner-{number:06}","groups":["partners"],"api_keys":[{{"sha256":"{hashlib.sha256(key(number).encode()).hexdigest()}"}}]}}\n'
             for number in range(MANY)]
    (folder / "consumers.jsonl").write_text("".join(lines))
    return f"consumers: [{folder / 'consumers.jsonl'}]\n"


def key(number: int) -> str:
    """A key as long as those that `pintle hash api-key` makes."""
    return f"key_{number:043}"


def with_key(number: int) -> str:
    return f"X-Api-Key: {key(number * 7919 % MANY)}\r\n"


def of_client(number: int) -> str:
    """The field that tells which of the clients a request comes from, in turn."""
    number %= MANY
    return f"X-Forwarded-For: 10.{number >> 16}.{number >> 8 & 255}.{number & 255}\r\n"


def policy(name: str, folder: Path) -> str:
    return {"rate_limit-added": LIMIT,
            "ip_filter": f"{{ip_filter: {{deny_files: {networks(folder)}}}}}",
            "api_key": "{api_key: {header: x-api-key}}",
            "authorize": f'{{authorize: {{allow: "{FIVE}"}}}}'}[name]


def added(work: Workload, the: Run, result: Result) -> None:
    """What a request costs more with the policy."""
    if figures := only_pintle(the, result):
        attempt(figures, added_microseconds, work, the, figures)


def added_microseconds(work: Workload, the: Run, figures: Figures) -> None:
    with tempfile.TemporaryDirectory() as folder:
        extra = {"serves": work.serves, "fields": {"api_key": with_key, "rate_limit-added": of_client}.get(work.name, nothing)}
        if work.name == "api_key":
            extra["more"] = consumers(Path(folder))
        # Each client has been there before, so that its key is one of as many as live.
        few = {"few": work.clients, "many": work.clients + 5000} if work.clients else {}
        route = "  - {match: /**, policies: [POLICY], proxy: origin}\n"
        without, within = (counted(the, "/1k", routes=route.replace("POLICY", one), **few, **extra) for one in ("", policy(work.name, Path(folder))))
    figures.cpu.append((within - without) / PER_MICROSECOND)
    figures.top = [("instructions a request without", round(without)), ("with", round(within))]


def debts(work: Workload, the: Run, result: Result) -> None:
    """Bytes of resident memory that a client takes more, once as many have a debt."""
    if figures := only_pintle(the, result):
        attempt(figures, debts_memory, work, the, figures)


def debts_memory(work: Workload, the: Run, figures: Figures) -> None:
    proxy = the.start(peers.Pintle, serves=work.serves, routes=f"  - {{match: /**, policies: [{LIMIT}], proxy: origin}}\n")
    # As many of one client before: what requests leave behind in any case is no debt's.
    ask(proxy.setting.plain, work.path, work.clients, lambda _: of_client(0))
    before = measure.rss(proxy.pids())
    ask(proxy.setting.plain, work.path, work.clients, of_client)
    figures.rss = measure.rss(proxy.pids())
    figures.cpu.append(max(0, figures.rss - before) * 1024 / work.clients)
    figures.top = [("resident memory with one client, KiB", before), (f"with {work.clients:,}", figures.rss)]


def load(work: Workload, the: Run, result: Result) -> None:
    """What `pintle check` takes longer with 100,000 networks in a file, in milliseconds."""
    if figures := only_pintle(the, result):
        attempt(figures, load_milliseconds, the, figures)


def load_milliseconds(the: Run, figures: Figures) -> None:
    with tempfile.TemporaryDirectory() as folder:
        took = []
        for name, one in (("without", ""), ("with", policy("ip_filter", Path(folder)))):
            conf = Path(folder) / f"{name}.yaml"
            conf.write_text(f"listeners: [{{address: 127.0.0.1:8080}}]\nroutes: [{{match: /**, policies: [{one}], respond: {{body: ok}}}}]\n")
            took.append([seconds(conf) for _ in range(11)])
    figures.cpu.append((sorted(took[1])[5] - sorted(took[0])[5]) * 1000)
    figures.top = [(f"`pintle check` {name}, ms", round(sorted(all_of)[5] * 1000)) for name, all_of in zip(("without", "with"), took)]


def seconds(conf: Path) -> float:
    began = time.monotonic()
    processes.run([peers.Pintle.program(), "check", str(conf)], 60)
    return time.monotonic() - began
