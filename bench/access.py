"""What policies of access cost Pintle: instructions a request by callgrind, with a policy and without, told as microseconds at 3 GHz. No peer takes part."""

import ipaddress
import tempfile
import time
from pathlib import Path

import peers
import processes
from context import Figures, Result, Run, attempt
from routes import counted, only_pintle
from workloads import Workload

PER_MICROSECOND = 3000  # instructions, at 3 GHz and one a cycle

FIVE = ('request.method in [\\"GET\\", \\"HEAD\\"] && request.path.startsWith(\\"/1k\\") && !has(request.headers.x_debug) '
        '&& client.ip != \\"192.0.2.1\\" && request.host.size() > 3')


def networks(folder: Path) -> Path:
    """100,000 networks, 70,000 of them of IPv4, of which none is on loopback."""
    lines = [str(ipaddress.ip_network(((20 << 24) + (number << 8), 25))) for number in range(70_000)]
    lines += [str(ipaddress.ip_network(((0x2a00 << 112) + (number << 96), 40), strict=False)) for number in range(0, 30_000 << 8, 1 << 8)]
    (folder / "networks.txt").write_text("\n".join(lines) + "\n")
    return folder / "networks.txt"


def policy(name: str, folder: Path) -> str:
    return {"rate_limit-added": "{rate_limit: {rate: 1000000/s}}",
            "ip_filter": f"{{ip_filter: {{deny_files: {networks(folder)}}}}}",
            "authorize": f'{{authorize: {{allow: "{FIVE}"}}}}'}[name]


def added(work: Workload, the: Run, result: Result) -> None:
    """What a request costs more with the policy."""
    if figures := only_pintle(the, result):
        attempt(figures, added_microseconds, work, the, figures)


def added_microseconds(work: Workload, the: Run, figures: Figures) -> None:
    with tempfile.TemporaryDirectory() as folder:
        route = "  - {match: /**, policies: [POLICY], proxy: origin}\n"
        without, within = (counted(the, "/1k", routes=route.replace("POLICY", one)) for one in ("", policy(work.name, Path(folder))))
    figures.cpu.append((within - without) / PER_MICROSECOND)
    figures.top = [("instructions a request without", round(without)), ("with", round(within))]


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
