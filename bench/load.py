"""Load: drives one proxy with one workload for some seconds, and says what came back.

wrk for HTTP/1.1, h2load for HTTP/2 and for every fixed rate, websocket.c for WebSockets, clients.py for handshakes and idle
connections. A meter stands around what counts: a context manager, entered once the load begins.
Whatever is not a 2xx, and every broken connection, comes back as a problem: the run is then invalid.
"""

import json
import os
import re
import select
import subprocess
import sys
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path

import install
import processes
from workloads import Workload

CIPHER = "TLS_AES_128_GCM_SHA256"
# All generators offer one version, one cipher and one group, so that every proxy does the same cryptography.
OPENSSL = f"""openssl_conf = init
[init]
ssl_conf = ssl
[ssl]
system_default = tls
[tls]
MinProtocol = TLSv1.3
Ciphersuites = {CIPHER}
Groups = X25519
"""
SCRIPT = """{request}
done = function(summary, latency, requests)
  local e = summary.errors
  print(string.format("RESULT %d %d %d %d %d %d %d %d", summary.requests, summary.duration, summary.bytes,
    e.connect, e.read, e.write, e.timeout, e.status))
end
"""
CLIENTS = str(Path(__file__).resolve().parent / "clients.py")


@dataclass
class Load:
    requests: int
    seconds: float
    problems: list[str] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)  # microseconds, sorted; only of a fixed rate and of handshakes

    def percentile(self, share: float) -> float:
        if not self.durations:
            return 0.0
        return self.durations[min(len(self.durations) - 1, int(len(self.durations) * share))]


class Generator:
    """The generators' files and environment, made once for a run."""

    def __init__(self, folder: Path):
        folder.mkdir(parents=True)
        self.folder, conf = folder, folder / "openssl.cnf"
        conf.write_text(OPENSSL)
        self.env = {"OPENSSL_CONF": str(conf)}
        self.tokens = folder / "tokens"  # one a line, where a workload has some
        self.speeds: dict[tuple[str, int], float] = {}  # requests a second of a workload on a proxy's port, the best seen

    def drive(self, work: Workload, setting, seconds: float, rate: float | None = None,
              meter: AbstractContextManager = nullcontext()) -> Load:
        """As fast as it goes, or at a fixed rate (requests a second over all connections)."""
        if work.kind == "websocket":
            return self.websocket(work, setting, seconds, rate, meter)
        with meter:
            if work.kind == "handshakes":
                return self.handshakes(work, setting, seconds, rate)
            if work.kind == "h2load" or rate:
                return self.h2load(work, setting, seconds, rate)
            return self.wrk(work, setting, seconds)

    def target(self, work: Workload, setting) -> str:
        return f"https://127.0.0.1:{setting.tls}{work.path}" if work.tls else f"http://127.0.0.1:{setting.plain}{work.path}"

    @staticmethod
    def headers(work: Workload) -> list[str]:
        """A request's own headers, as the tools take them on the command line."""
        return [f"-H{line}" for line in work.headers]

    def forged(self) -> str:
        """A token that says what the first of the file does, and is signed as the second."""
        first, second, *_ = self.tokens.read_text().splitlines()
        return f"{first.rpartition('.')[0]}.{second.rpartition('.')[2]}"

    def body(self, work: Workload) -> Path:
        file = self.folder / "body"
        file.write_bytes(b"x" * work.post)
        return file

    def wrk(self, work: Workload, setting, seconds: float) -> Load:
        post = f'wrk.method = "POST"\nwrk.body = string.rep("x", {work.post})\n' if work.post else ""
        if work.clients:
            post += f"""local turn = 0
request = function()
  turn = (turn + 1) % {work.clients}
  wrk.headers["X-Forwarded-For"] = "10." .. math.floor(turn / 65536) .. "." .. math.floor(turn / 256) % 256 .. "." .. turn % 256
  return wrk.format(nil, nil)
end
"""
        if work.tokens:
            post += f"""local all, turn = {{}}, 0
init = function()
  for token in io.lines("{self.tokens}") do
    wrk.headers["authorization"] = "Bearer " .. token
    all[#all + 1] = wrk.format()
  end
end
request = function()
  turn = turn % #all + 1
  return all[turn]
end
"""
        script = self.folder / "wrk.lua"
        script.write_text(SCRIPT.format(request=post))
        text = processes.run(
            [install.find("wrk"), "-t1", f"-c{work.connections}", f"-d{max(1, round(seconds))}s", "--timeout", "10s",
             "-s", str(script), *self.headers(work), self.target(work, setting)], seconds + 30, self.env)
        found = re.search(r"^RESULT (.*)$", text, re.M)
        if not found:
            raise processes.Failed(f"wrk: {text[-300:]}")
        requests, duration, size, *errors = map(int, found[1].split())
        problems = [f"{count} {name}" for name, count in zip(
            ("connections refused", "read errors", "write errors", "timeouts", "answers of 4xx or 5xx"), errors) if count]
        if requests == 0 or size < requests * work.least():
            problems.append(f"{size} bytes in {requests} answers: too few for bodies of {work.body}")
        return Load(requests, duration / 1e6, problems)

    def h2load(self, work: Workload, setting, seconds: float, rate: float | None) -> Load:
        key, h1, log = (work.name, setting.plain), work.kind != "h2load", self.folder / "h2load.log"
        argv = [install.find("h2load"), "-t1", f"-c{work.connections}", f"-m{work.streams}", f"--tls13-ciphers={CIPHER}",
                "--groups=X25519", *self.headers(work)]
        argv += ["--h1"] if h1 else []
        argv += ["-d", str(self.body(work))] if work.post else []
        if rate:
            # Connections start one a millisecond: else all of them would ask at the same moment, again and again.
            log.unlink(missing_ok=True)
            each = max(1, round(rate * seconds / work.connections))
            argv += [f"--rps={rate / work.connections:.3f}", f"-n{each * work.connections}", "-r1", "--rate-period=1ms",
                     f"--log-file={log}"]
        else:
            # A count in place of a duration: a duration cuts answers short at its end. The best speed seen says how many.
            count = self.speeds.get(key, 0) * seconds or 50 * work.connections * work.streams
            argv += [f"-n{max(work.connections * work.streams, round(count))}"]
        text = processes.run([*argv, self.target(work, setting)], seconds * 10 + 30, self.env)
        counts = {name: int(n) for n, name in re.findall(r"(\d+) (2xx|3xx|4xx|5xx|total|failed|errored|timeout)\b", text)}
        problems = [f"{counts[name]} {name}" for name in ("3xx", "4xx", "5xx", "failed", "errored", "timeout") if counts.get(name)]
        protocol = re.search(r"Application protocol: (\S+)", text)
        wanted = "http/1.1" if h1 else "h2" if work.tls else "h2c"
        if not protocol or protocol[1] != wanted:
            problems.append(f"protocol {protocol and protocol[1]} in place of {wanted}")
        if work.tls and ("TLS Protocol: TLSv1.3" not in text or f"Cipher: {CIPHER}" not in text):
            problems.append("not TLS 1.3 with the cipher of all")
        took, size = re.search(r"finished in ([\d.]+)(ms|s|us)", text), re.search(r"\((\d+)\) data", text)
        done = counts.get("2xx", 0)
        if not done or done != counts.get("total") or not size or int(size[1]) < done * work.least():
            problems.append("answers missing or too short")
        load = Load(done, float(took[1]) / {"s": 1, "ms": 1e3, "us": 1e6}[took[2]] if took else seconds, problems)
        if not rate:
            self.speeds[key] = max(self.speeds.get(key, 0), load.requests / load.seconds)
        elif log.exists():
            load.durations = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
        return load

    def handshakes(self, work: Workload, setting, seconds: float, rate: float | None) -> Load:
        argv = [sys.executable, CLIENTS, "handshakes", "--port", str(setting.tls), "--path", work.path,
                "--threads", str(work.connections), "--seconds", f"{seconds:g}"]
        argv += ["--resumed"] if work.resumed else []
        argv += [f"--rate={rate}"] if rate else []
        told = json.loads(processes.run(argv, seconds + 60, self.env))
        problems = [f"{count} {text}" for text, count in told["problems"].items()]
        if told["length"] != work.body or (told["version"], told["cipher"]) != ("TLSv1.3", CIPHER):
            problems.append(f"{told['version']} {told['cipher']}, {told['length']} bytes")
        if not work.resumed and told["resumed"]:
            problems.append(f"{told['resumed']} of {told['requests']} handshakes were resumed")
        return Load(told["requests"], told["seconds"], problems, told["durations_us"])

    def websocket(self, work: Workload, setting, seconds: float, rate: float | None, meter: AbstractContextManager) -> Load:
        """Opening and closing the connections is not metered."""
        argv = [install.websocket(), "load", str(setting.plain), str(work.connections), str(work.body), f"{seconds:g}", f"{rate or 0}"]
        with Spoken(argv, self.env) as spoken:
            spoken.says(60)
            with meter:
                spoken.word()
                told = spoken.says(seconds + 60)
            spoken.word()
        return Load(told["requests"], told["seconds"], [], told["durations_us"])

    def hold(self, work: Workload, setting, connections: int) -> "Held":
        """Idle connections, open until closed by `release`."""
        argv = [sys.executable, CLIENTS, "hold", "--port", str(setting.tls if work.tls else setting.plain),
                "--path", work.path, "--connections", str(connections), *(["--tls"] if work.tls else []),
                *(["--websocket", str(work.body)] if work.serves == "websocket" else [])]
        return Held(argv, self.env)


class Spoken:
    """A process that says a line of JSON at a time, and waits for a word before it goes on."""

    def __init__(self, argv: list[str], env: dict[str, str]):
        self.child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                      env={**os.environ, **env})

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    def says(self, seconds: float) -> dict:
        ready, _, _ = select.select([self.child.stdout], [], [], seconds)
        line = self.child.stdout.readline() if ready else ""
        if not line:
            self.child.kill()
            words = self.child.stderr.read().strip()[-500:]
            raise processes.Failed(words if ready else f"{self.child.args[0]} said nothing within {seconds:.0f} s: {words}")
        return json.loads(line)

    def word(self) -> None:
        with suppress(BrokenPipeError):  # it has ended: what it says next, or does not, tells why
            self.child.stdin.write("\n")
            self.child.stdin.flush()

    def end(self) -> None:
        for pipe in (self.child.stdin, self.child.stdout, self.child.stderr):
            with suppress(BrokenPipeError):
                pipe.close()
        try:
            self.child.wait(30)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


class Held(Spoken):
    """A process that holds idle connections."""

    def __init__(self, argv: list[str], env: dict[str, str]):
        super().__init__(argv, env)
        told = self.says(120)
        self.open, self.problems = told["open"], [f"{count} {text}" for text, count in told["problems"].items()]

    def release(self) -> list[str]:
        """Closes them; the problems met, with connections that the proxy had closed in the meantime."""
        self.word()
        closed = self.says(30).get("closed_by_proxy", -1)
        self.end()
        return self.problems + ([f"{closed} idle connections closed by the proxy"] if closed else [])
