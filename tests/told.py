"""What README and the runbook tell to be typed: each command as it is written, without what is only said of it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
RUNBOOK = ROOT / "config" / "deploy" / "RUNBOOK.md"

#: What makes a piece of text between backticks a command; what stands in a block needs no such sign.
_PROGRAMS = (
    "majlis", "./dev", "dist/majlis", "apt-get", "curl", "docker", "journalctl", "kill", "kubectl", "pg_restore", "pip",
    "podman", "python", "scp", "sha256sum", "systemctl", "systemd-analyze", "tar",
)  # fmt: skip
_SPOKEN = re.compile(rf"`((?:{'|'.join(map(re.escape, _PROGRAMS))})\s[^`]+)`")
_OR = re.compile(rf"\bor: ((?:{'|'.join(map(re.escape, _PROGRAMS))}) .+)$")
#: A line of the tree of the repository, the one indented block that holds no commands.
_OF_THE_TREE = re.compile(r"^ *\w+/ ")


def told(text: str) -> Iterator[str]:
    """Yield the commands of a text: the lines of its blocks, indented or fenced, and what stands between backticks."""
    for block in re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL):
        yield from filter(None, map(_without_comment, block.splitlines()))
    unfenced = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    for line in re.findall(r"^    (.+)$", unfenced, re.MULTILINE):
        if _OF_THE_TREE.match(line):
            continue
        yield _without_comment(line)
        if other := _OR.search(line):
            yield other[1]
    for words in _SPOKEN.findall(unfenced):
        yield " ".join(words.split())


def without_sections(text: str) -> str:
    """Return the runbook without the blocks of its sections, which are played whole: what is left is told once."""
    head, *sections = re.split(r"^(?=## )", text, flags=re.MULTILINE)
    return head + "".join(
        re.sub(r"^```.*?^```", "", section, flags=re.MULTILINE | re.DOTALL) for section in sections
    )


def words_of(command: str) -> Sequence[str]:
    """Return the words of the first command of a line, as `majlis` is told them: `./dev ps` is `majlis ps`."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars="|;&<>")
    lexer.whitespace_split = True
    lexer.commenters = ""
    words: list[str] = []
    for word in lexer:
        if set(word) <= set("|;&<>"):
            break
        words.append(word)
    if words[:2] == ["./dev", "majlis"]:
        return words[1:]
    return ["majlis", *words[1:]] if words[:1] == ["./dev"] else words


def begins(command: str, other: str) -> bool:
    """Whether `other` is this command with more words: a bare `majlis show` is told again with what it takes."""
    words = words_of(command)
    return words == words_of(other)[: len(words)]


def _without_comment(line: str) -> str:
    return re.sub(r"(?:^|\s+)# .*$", "", line).strip()
