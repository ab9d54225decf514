"""The services behind every proxy, and the test certificate.

They answer as cheaply as they can, so that the proxies are what is measured: for HTTP/1.1 an nginx of its own (files with sendfile,
no log, connections that live on), bodies named by their size; for gRPC nghttpd, which sends a file and a trailer; an echo
for WebSockets. Each starts when the first workload asks for it.
"""

import json
import os
import random
from pathlib import Path

import install
import processes

SIZES = {"1k": 1024, "64k": 64 * 1024, "100k": 100 * 1024, "1m": 1024 * 1024}
ENDPOINTS = 3
PARTS = ("profile", "orders", "rewards")  # bodies of an aggregate
PART = 1024  # bytes of each


class Services:
    """Those that were asked for so far; each lives until the run ends."""

    def __init__(self, folder: Path, cpu: int):
        self.folder, self.cpu, self.started = folder, cpu, {}
        self.files = folder / "origin/files"

    def one(self, kind):
        if kind not in self.started:
            self.started[kind] = kind(self.folder / kind.__name__.lower(), self.cpu)
        return self.started[kind]

    def address(self, serves: str) -> str:
        """Of what stands behind the proxies of a workload."""
        return self.one({"websocket": Echo, "grpc": Calls}.get(serves, Origin)).address

    def endpoints(self) -> list[str]:
        """The origin under several addresses."""
        return self.one(Origin).addresses

    def stop(self) -> None:
        for one in self.started.values():
            one.process.stop()


class Origin:
    """HTTP/1.1."""

    def __init__(self, folder: Path, cpu: int):
        files, ports = folder / "files", processes.free_ports(ENDPOINTS)
        files.mkdir(parents=True)
        folder.parent.chmod(0o755)
        for name, size in SIZES.items():
            (files / name).write_bytes((b"pintle-bench-%04d\n" % 0 * (size // 18 + 1))[:size])
        (files / "20k.json").write_text(orders(20 * 1024))
        for number, name in enumerate(PARTS):
            (files / f"{name}.json").write_text(part(number, PART))
        conf = folder / "nginx.conf"
        conf.write_text(self.config(folder, files, ports))
        self.addresses = [f"127.0.0.1:{port}" for port in ports]
        self.address = self.addresses[0]
        self.process = processes.Process(
            "origin", [install.find("nginx"), "-p", str(folder), "-c", str(conf)], cpu, folder / "output")
        self.process.wait_for_port(ports[-1])

    @staticmethod
    def config(folder: Path, files: Path, ports: list[int]) -> str:
        listen = " ".join(f"listen 127.0.0.1:{port} backlog=4096;" for port in ports)
        # The large header buffer lets a 10 KB body arrive with its head: `return` then has nothing left to wait for.
        return f"""
{"user root;" if os.geteuid() == 0 else ""}
daemon off; worker_processes 1; pid {folder}/pid; error_log stderr warn;
worker_rlimit_nofile 16384;
events {{ worker_connections 8192; }}
http {{
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on;
  keepalive_requests 1000000000; keepalive_timeout 1h; client_header_buffer_size 32k;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  open_file_cache max=64 inactive=1h; open_file_cache_valid 1h;
  server {{
    {listen}
    types {{ application/json json; }}
    root {files};
    location = /post {{ return 200 "taken\\n"; }}
    location = /healthz {{ return 200 "well\n"; }}
    location /routes/ {{ return 200 "routed\\n"; }}
  }}
}}
"""


def part(number: int, size: int) -> str:
    """JSON of just this size, as compact as it can be: what reads and writes it again changes nothing."""
    chance, members = random.Random(number), {}
    while len(text := json.dumps(members | {"note": ""}, separators=(",", ":"))) < size - 60:
        members[f"member_{len(members):02}"] = chance.choice([chance.getrandbits(40), f"{chance.getrandbits(64):016x}", [1, 2, chance.randrange(99)]])
    return json.dumps(members | {"note": "x" * (size - len(text))}, separators=(",", ":"))


def orders(size: int) -> str:
    """JSON as services send it, of just this size: names that come again and again, values that don't."""
    chance, some = random.Random(20), []

    def order() -> dict:
        return {"id": f"{chance.getrandbits(64):016x}", "customer": chance.randrange(10**6), "total": chance.randrange(10**5) / 100,
                "currency": chance.choice(["EUR", "USD", "GBP"]), "status": chance.choice(["open", "paid", "sent", "returned"]),
                "placed": f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:{chance.randrange(60):02}:00Z",
                "items": [{"article": f"A-{chance.randrange(10**5):05}", "count": chance.randrange(1, 9)} for _ in range(chance.randrange(1, 4))]}

    while len(json.dumps({"orders": some})) < size - 400:
        some.append(order())
    return json.dumps({"orders": some}).ljust(size - 1) + "\n"


class Echo:
    """WebSockets."""

    def __init__(self, folder: Path, cpu: int):
        folder.mkdir()
        (port,) = processes.free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self.process = processes.Process("echo", [install.websocket(), "echo", str(port)], cpu, folder / "output")
        self.process.wait_for_port(port)


class Calls:
    """gRPC over HTTP/2 without TLS: every call gets the same message and the status 0."""

    def __init__(self, folder: Path, cpu: int):
        (folder / "files/bench.Echo").mkdir(parents=True)
        said = 64
        (folder / "files/bench.Echo/Call.grpc").write_bytes(b"\0" + said.to_bytes(4, "big") + b"x" * said)
        types = folder / "types"
        types.write_text("application/grpc grpc\n")
        (port,) = processes.free_ports(1)
        self.address = f"127.0.0.1:{port}"
        self.process = processes.Process("nghttpd", [
            install.find("nghttpd"), "--no-tls", "-a", "127.0.0.1", "-d", str(folder / "files"), f"--mime-types-file={types}",
            "--no-content-length", "--trailer", "grpc-status: 0", "-m1000", str(port)], cpu, folder / "output")
        self.process.wait_for_port(port)


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    """A self-signed ECDSA P-256 certificate for loopback: its file, its key, and both in one file."""
    cert, key, both = folder / "cert.pem", folder / "key.pem", folder / "both.pem"
    processes.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(key), "-out", str(cert)], 20)
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return cert, key, both
