"""What many routes cost Pintle: instructions a request by callgrind, and resident memory. No peer takes part."""

import time

import clients
import measure
import peers
import processes
from context import Figures, Result, Run, attempt
from workloads import Workload


def only_pintle(the: Run, result: Result) -> Figures | None:
    if peers.Pintle in the.proxies:
        return result.figures.setdefault("pintle", Figures())
    return None


def many_routes(count: int, origin: str) -> str:
    return "".join(f'  - {{match: /routes/{number:06}/**, proxy: "http://{origin}"}}\n' for number in range(count))


def nothing(_number: int) -> str:
    """The fields of a request that has none of its own."""
    return ""


def ask(port: int, path: str, times: int, fields=nothing) -> None:
    """Requests one after another on one connection; `fields` gives the lines that the one of that number has beside."""
    with clients.connect(port) as stream:
        stream.settimeout(60)
        for number in range(times):
            stream.sendall(clients.request(path, close=False, end=fields(number)))
            if (status := clients.read_answer(stream)[0]) != 200:
                raise processes.Failed(f"{path} answered {status}")


def routes(work: Workload, the: Run, result: Result) -> None:
    """Instructions a request, as the difference of two runs of unequal length: what starting costs cancels out."""
    if figures := only_pintle(the, result):
        attempt(figures, routes_ratio, the, figures)


def routes_ratio(the: Run, figures: Figures) -> None:
    one, many = (counted(the, f"/routes/{count - 1:06}/x", routes=many_routes(count, the.services.address("proxy"))) for count in (1, 10_000))
    figures.cpu.append(many / one)
    figures.top = [("instructions a request, one route", round(one)), ("10,000 routes", round(many))]


def counted(the: Run, path: str, few: int = 200, many: int = 1200, fields=nothing, **extra) -> float:
    """Instructions a request for a path, of a Pintle with what is extra in its configuration: of those after the first few."""
    totals = []
    for times in (few, many):
        proxy = the.ready(peers.Pintle, **extra)
        plain = proxy.setting.plain
        name, text = proxy.config()
        conf, out = proxy.setting.folder / name, proxy.setting.folder / "callgrind"
        conf.write_text(text)
        proxy.process = processes.Process(
            "callgrind", measure.callgrind(proxy.argv(conf), out), the.cpu, proxy.setting.folder / "output")
        proxy.process.wait_for_port(plain, 180)
        ask(plain, path, times, fields)
        proxy.process.stop(60)
        totals.append(measure.instructions(out))
    return (totals[1] - totals[0]) / (many - few)


def routes_memory(work: Workload, the: Run, result: Result) -> None:
    """Resident memory, in MB, once 100,000 routes are loaded and the last has answered."""
    if figures := only_pintle(the, result):
        attempt(figures, routes_rss, the, figures)


def routes_rss(the: Run, figures: Figures) -> None:
    proxy = the.start(peers.Pintle, routes=many_routes(100_000, the.services.address("proxy")))
    ask(proxy.setting.plain, "/routes/099999/x", 1)
    time.sleep(8)  # what loading needed goes back to the system some seconds later
    figures.rss = measure.rss(proxy.pids())
    figures.cpu.append(figures.rss * 1024 / 1e6)
