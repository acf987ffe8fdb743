"""The runbook as something that can be played: its sections, their commands and what they say, on a real `serve`."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import trio

from tests.integration.world import World, majlis_command

RUNBOOK = Path(__file__).parents[2] / "config" / "deploy" / "RUNBOOK.md"
_PART = re.compile(r"^\*\*([A-Z][\w, ]+)\.\*\*", re.MULTILINE)
_BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```", re.MULTILINE | re.DOTALL)

#: What a machine with systemd has; here they are of the serve under test.
_SYSTEM = {
    "majlis": 'exec {majlis} "$@"',
    "journalctl": "cat {log}",
    "systemctl": """case "$*" in
        "kill --signal=SIGTERM --kill-whom=main majlis") kill -TERM "$(cat {data_dir}/serve.lock)" ;;
        *) echo "systemctl is not played: $*" >&2; exit 99 ;;
    esac""",
}


@dataclass
class Part:
    """One part of a section: its commands, a line each, and what they say in the runbook."""

    commands: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)


def sections() -> dict[str, dict[str, Part]]:
    """Return the parts of each section, by their names."""
    found: dict[str, dict[str, Part]] = {}
    for chunk in re.split(r"^## ", RUNBOOK.read_text(), flags=re.MULTILINE)[1:]:
        name, _, text = chunk.partition("\n")
        pieces = _PART.split(text)[1:]
        found[name] = {label: _part(body) for label, body in zip(pieces[::2], pieces[1::2], strict=True)}
    return found


def _part(text: str) -> Part:
    part = Part()
    for kind, block in _BLOCK.findall(text):
        (part.commands if kind == "sh" else part.says).extend(block.splitlines())
    return part


def pattern(line: str) -> re.Pattern[str]:
    """Return what a line of sample output stands for: numbers may be others, `…` anything, and columns wider."""
    words = [
        r"\S*?".join(re.sub(r"\d+", r"\\d+", re.escape(piece)) for piece in word.split("…"))
        if word != "…"
        else r".*?"
        for word in line.split()
    ]
    return re.compile(r"\s*".join(words))


class Play:
    """One section, played on a world; `known` are the variables that the runbook asks for."""

    def __init__(self, section: str, world: World, **known: str) -> None:
        self.parts = sections()[section]
        self.world = world
        self.known = known
        self.bin = world.home / "bin"
        self.bin.mkdir()
        majlis = world.majlis
        places = {
            "majlis": shlex.join(majlis_command()),
            "log": shlex.quote(str(majlis.log_path)),
            "data_dir": shlex.quote(str(majlis.settings.data_dir)),
        }
        for name, text in _SYSTEM.items():
            script = self.bin / name
            script.write_text("#!/bin/sh\n" + re.sub(r"\{(\w+)\}", lambda m: places[m[1]], text) + "\n")
            script.chmod(0o755)

    async def run(self, part: str) -> str:
        """Run the commands of a part as they are written, each of which must exist; return what they say."""
        environ = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.world.home),
            "LANG": "C.UTF-8",
            "COLUMNS": "200",
            "PAGER": "cat",
            "MAJLIS_CONFIG": str(self.world.majlis.config),
            "MAJLIS_DATA_DIR": str(self.world.majlis.settings.data_dir),
            **self.known,
        }
        told = ""
        for command in self.parts[part].commands:
            done = await trio.run_process(
                ["/bin/sh", "-c", command],
                env=environ,
                cwd=self.world.home,
                capture_stdout=True,
                stderr=subprocess.STDOUT,
                check=False,
            )
            said = done.stdout.decode(errors="replace")
            # 2: wrong words; 99, 127: no such command
            assert done.returncode not in {2, 99, 127}, f"{command}: {said}"
            told += said
        return told

    async def says(self, part: str, within: float = 0.0) -> bool:
        """Whether a part says what the runbook shows, now or `within` seconds."""
        deadline = trio.current_time() + within
        while missing := self.missing(part, await self.run(part)):
            if trio.current_time() >= deadline:
                self.last = missing
                return False
            await trio.sleep(0.1)
        return True

    def missing(self, part: str, told: str) -> str:
        """Return the lines of the sample that were not said, with what was; "" where all were."""
        lines = [line for line in self.parts[part].says if not pattern(line).search(told)]
        return f"not said: {lines}\nsaid: {told}" if lines else ""

    async def shows(self, part: str, within: float = 10.0) -> None:
        """Assert that a part says what the runbook shows."""
        assert await self.says(part, within), self.last
