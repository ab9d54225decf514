"""What every proxy under test is: a program that may be installed, a configuration, a start and an end.

The proxies themselves stand in peers.py.
"""

from dataclasses import dataclass
from pathlib import Path

import install
import processes


@dataclass
class Setting:
    """What a proxy is told: the same for all of them."""

    folder: Path
    plain: int
    tls: int
    origin: str
    cert: Path
    key: Path
    both: Path
    log: bool
    cpu: int
    serves: str  # a workload's
    files: Path  # what it serves by itself
    issuer: Path  # the public key of who makes tokens, where a workload has some


class Proxy:
    """A proxy that may be installed, and runs when asked to."""

    name = ""

    def __init__(self, setting: Setting):
        self.setting, self.process = setting, None
        setting.folder.mkdir(parents=True)
        self.log = setting.folder / "access.log"

    @classmethod
    def program(cls) -> str | None:
        return install.find(cls.name)

    @classmethod
    def version(cls) -> str:
        return processes.run([cls.program(), "-v"], 20).splitlines()[0]

    def config(self) -> tuple[str, str]:
        """The configuration file's name and text."""
        raise NotImplementedError

    def argv(self, conf: Path) -> list[str]:
        """The command line."""
        raise NotImplementedError

    def env(self) -> dict[str, str]:
        return {}

    def start(self) -> None:
        name, text = self.config()
        conf = self.setting.folder / name
        conf.write_text(text)
        self.process = processes.Process(
            self.name, self.argv(conf), self.setting.cpu, self.setting.folder / "output", self.env())
        self.process.wait_for_port(self.setting.plain)
        self.process.wait_for_port(self.setting.tls)

    def pids(self) -> list[int]:
        return self.process.pids()

    def stop(self) -> None:
        if self.process:
            self.process.stop()
