"""What is read from outside a running proxy: CPU time, memory, system calls, instructions.

All of it comes from the kernel's counters, strace or callgrind; nothing asks the proxy.
"""

import os
import signal
import statistics
import subprocess
import time
from pathlib import Path

import install
import processes

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pids: list[int]) -> tuple[float, float]:
    """Seconds in user space and in the kernel, over all threads of all these processes."""
    user = kernel = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        user, kernel = user + int(fields[11]), kernel + int(fields[12])
    return user / TICK, kernel / TICK


def nanoseconds(pids: list[int]) -> int:
    """CPU time of all threads of all these processes: for what is too short for the kernel's ticks."""
    return sum(int((one / "schedstat").read_text().split()[0]) for pid in pids for one in Path(f"/proc/{pid}/task").iterdir())


class Cpu:
    """The CPU time of processes and the time on the wall while it is entered, in seconds."""

    def __init__(self, pids: list[int]):
        self.pids, self.user, self.kernel, self.took = pids, 0.0, 0.0, 0.0

    def __enter__(self):
        self.before, self.begun = cpu(self.pids), time.monotonic()
        return self

    def __exit__(self, *_):
        (user, kernel), self.took = cpu(self.pids), time.monotonic() - self.begun
        self.user, self.kernel = user - self.before[0], kernel - self.before[1]


def rss(pids: list[int]) -> int:
    """Resident memory in KiB (VmRSS); pages that processes share count once for each."""
    total = 0
    for pid in pids:
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                total += int(line.split()[1])
    return total


def spread(values: list[float]) -> tuple[float, float, float]:
    """Median, lowest, highest."""
    return statistics.median(values), min(values), max(values)


class CannotTrace(Exception):
    """strace may not attach here, as in many containers."""


class Syscalls:
    """Counts system calls while it is entered: `with Syscalls(pids, folder) as seen`, then `seen.calls`."""

    def __init__(self, pids: list[int], folder: Path):
        self.pids, self.file, self.calls, self.top = pids, folder / "strace", 0, []

    def __enter__(self):
        self.file.unlink(missing_ok=True)
        attach = [part for pid in self.pids for part in ("-p", str(pid))]
        self.strace = subprocess.Popen(
            [install.find("strace"), "-c", "-U", "calls,name", "-f", "-o", str(self.file), *attach],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        end = time.monotonic() + 5
        while not all(traced(pid) for pid in self.pids):
            if self.strace.poll() is not None or time.monotonic() > end:
                self.finish()
                raise CannotTrace(self.strace.stderr.read().decode(errors="replace")[-200:])
            time.sleep(0.02)
        return self

    def finish(self) -> None:
        if self.strace.poll() is None:
            self.strace.send_signal(signal.SIGINT)
            try:
                self.strace.wait(5)
            except subprocess.TimeoutExpired:
                self.strace.kill()
                self.strace.wait()

    def __exit__(self, *_):
        self.finish()
        self.strace.stderr.close()
        rows = [line.split() for line in self.file.read_text().splitlines()] if self.file.exists() else []
        counts = {row[1]: int(row[0]) for row in rows if len(row) == 2 and row[0].isdigit()}
        self.calls = counts.pop("total", 0)
        self.top = sorted(counts.items(), key=lambda one: -one[1])[:4]


def traced(pid: int) -> bool:
    """Whether every thread of a process has a tracer."""
    try:
        states = [(one / "status").read_text() for one in Path(f"/proc/{pid}/task").iterdir()]
    except OSError:
        return False
    return all("TracerPid:\t0\n" not in state for state in states)


def callgrind(argv: list[str], out: Path) -> list[str]:
    """The command line that runs a program under callgrind; a wrapper script's program is followed."""
    return [install.find("valgrind"), "--tool=callgrind", "--trace-children=yes", "--quiet",
            f"--callgrind-out-file={out}", *argv]


def instructions(out: Path) -> int:
    """The instructions that a callgrind run has counted in all."""
    for line in out.read_text(errors="replace").splitlines():
        if line.startswith(("summary:", "totals:")):
            return int(line.split()[1])
    raise processes.Failed("callgrind wrote no totals")
