"""Processes of a run: where they are pinned, how they start, who their children are, how they end.

Everything that a run starts is ended by its own process id, children included, never by a name.
Knows nothing of proxies or of load.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path


class Failed(Exception):
    """A process did not start, or did not do what the run needs; the text is for the reader of the run."""


def cpus() -> tuple[int, int]:
    """The CPU of the proxy under test, and the CPU of everything else (the same one if there is only one)."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[0], allowed[min(1, len(allowed) - 1)]


def free_ports(count: int) -> list[int]:
    """That many free loopback ports, all held at once so that no two are the same."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in held]
    finally:
        for one in held:
            one.close()


def tree(pid: int) -> list[int]:
    """The process and all its descendants that are alive now."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found = [pid]
    for one in found:
        found += parents.get(one, [])
    return found


class Process:
    """One started program, pinned to a CPU, its output in a file."""

    def __init__(self, name: str, argv: list[str], cpu: int, output: Path, env: dict[str, str] | None = None):
        self.name, self.output = name, output
        with open(output, "ab") as out:  # appended to, so that emptying the file between rounds leaves no hole
            self.child = subprocess.Popen(
                ["taskset", "-c", str(cpu), *argv],
                stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT,
                env={**os.environ, **(env or {})},
            )

    @property
    def pid(self) -> int:
        return self.child.pid  # taskset becomes the program: the id stays

    def pids(self) -> list[int]:
        return tree(self.pid)

    def wait_for_port(self, port: int, seconds: float = 15) -> None:
        """Returns once the port takes connections; Failed with the program's last words if it doesn't."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                raise Failed(f"{self.name} ended with {self.child.returncode}: {self.last_words()}")
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                return
            except OSError:
                time.sleep(0.02)
        raise Failed(f"{self.name} does not listen after {seconds:.0f} s: {self.last_words()}")

    def last_words(self) -> str:
        with open(self.output, "rb") as out:
            out.seek(max(0, self.output.stat().st_size - 2000))
            return out.read().decode(errors="replace").strip()

    def stop(self, seconds: float = 5) -> None:
        """Asks it to end, then ends it, with every child it still has."""
        if self.child.poll() is not None:
            return
        family = self.pids()
        self.child.terminate()
        try:
            self.child.wait(seconds)
        except subprocess.TimeoutExpired:
            for pid in family:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.child.wait()


def run(argv: list[str], seconds: float, env: dict[str, str] | None = None) -> str:
    """Runs a program to its end within the given time; its output, or Failed."""
    try:
        done = subprocess.run(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            timeout=seconds, env={**os.environ, **(env or {})}, text=True, errors="replace",
        )
    except subprocess.TimeoutExpired:
        raise Failed(f"{argv[0]} did not end within {seconds:.0f} s") from None
    except FileNotFoundError:
        raise Failed(f"{argv[0]} is not installed") from None
    if done.returncode:
        raise Failed(f"{argv[0]} ended with {done.returncode}: {done.stdout.strip()[-500:]}")
    return done.stdout
