"""The service behind every proxy: an nginx of its own, on its own port, and the test certificate.

It answers as cheaply as it can (files with sendfile, no log, connections that live on), so that
the proxies are what is measured. Bodies are named by their size.
"""

import os
from pathlib import Path

import install
import processes

SIZES = {"1k": 1024, "64k": 64 * 1024, "100k": 100 * 1024, "1m": 1024 * 1024}


class Origin:
    """Started once for a whole run."""

    def __init__(self, folder: Path, port: int, cpu: int):
        files = folder / "files"
        files.mkdir(parents=True)
        folder.parent.chmod(0o755)
        for name, size in SIZES.items():
            (files / name).write_bytes((b"pintle-bench-%04d\n" % 0 * (size // 18 + 1))[:size])
        conf = folder / "nginx.conf"
        conf.write_text(self.config(folder, files, port))
        self.address = f"127.0.0.1:{port}"
        self.process = processes.Process(
            "origin", [install.find("nginx"), "-p", str(folder), "-c", str(conf)], cpu, folder / "output")
        self.process.wait_for_port(port)

    @staticmethod
    def config(folder: Path, files: Path, port: int) -> str:
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
    listen 127.0.0.1:{port} backlog=4096;
    root {files};
    location = /post {{ return 200 "taken\\n"; }}
    location /routes/ {{ return 200 "routed\\n"; }}
  }}
}}
"""

    def stop(self) -> None:
        self.process.stop()


def certificate(folder: Path) -> tuple[Path, Path, Path]:
    """A self-signed ECDSA P-256 certificate for loopback: its file, its key, and both in one file."""
    cert, key, both = folder / "cert.pem", folder / "key.pem", folder / "both.pem"
    processes.run([
        "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
        "-days", "30", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout", str(key), "-out", str(cert)], 20)
    both.write_bytes(cert.read_bytes() + key.read_bytes())
    return cert, key, both
