"""Reads config/deploy/alerts.yml, which is plain enough for a few lines, and what its expressions ask for."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from runtime.actor.metric import Metric

FILE = Path(__file__).parents[2] / "config/deploy/alerts.yml"

_LINE = re.compile(r"(?P<indent> *)(?P<dash>- )?(?P<key>\w+):(?: (?P<value>.+))?")
_TOKEN = re.compile(
    r"""\s*(?:(?P<word>[a-zA-Z_]\w*)|(?P<text>"[^"]*")|(?P<number>\d[\d.]*(?:e\d+)?)|(?P<range>\[\d+[smhdw]\])"""
    r"""|(?P<sign>=~|!~|!=|==|>=|<=|[(){},=<>+*/-]))"""
)
FUNCTIONS = frozenset(
    {"absent", "changes", "delta", "histogram_quantile", "increase", "max", "predict_linear", "rate", "sum"}
)
_GROUPING = frozenset({"by", "without"})
_OPERATORS = frozenset({"and", "or", "unless"})
#: What Prometheus adds itself: to each series, and as a metric of each target.
GIVEN_LABELS = frozenset({"job", "instance"})
GIVEN = Metric("up", "gauge", "", "0 or 1", "whether the target answered")


class Alert(msgspec.Struct, frozen=True):
    """One rule."""

    name: str
    expr: str
    wait: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]


class Selector(msgspec.Struct, frozen=True):
    """A metric as an expression names it, and the labels that it is selected by."""

    series: str
    labels: tuple[str, ...] = ()


class Asked(msgspec.Struct, frozen=True):
    """What an expression asks for: series, and labels that results are grouped by."""

    selectors: Sequence[Selector]
    groupings: Sequence[str]


def parse(text: str) -> list[Alert]:
    """Return the rules of a file. Raises ValueError for a line that is not of the few forms that it is written in."""
    rules: list[dict[str, object]] = []
    within: dict[str, object] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _LINE.fullmatch(line)
        if found is None or "\t" in line:
            raise ValueError(f"line {number}: {line!r} is not of the form that this file has")
        key, value, depth = found["key"], found["value"], len(found["indent"]) + 2 * bool(found["dash"])
        if found["dash"] and key == "alert":
            rules.append({})
        match depth, value:
            case 8, str():
                rules[-1][key] = _scalar(value, number)
            case 8, None:
                within = rules[-1][key] = {}
            case 10, str() if within is not None:
                within[key] = _scalar(value, number)
            case ((0 | 4), _):
                continue
            case _:
                raise ValueError(f"line {number}: {line!r} stands at a depth where nothing is expected")
    return [
        Alert(
            str(rule.pop("alert")),
            str(rule.pop("expr")),
            str(rule.pop("for", "0s")),
            **msgspec.convert(rule, dict[str, dict[str, str]]),
        )
        for rule in rules
    ]


def _scalar(value: str, number: int) -> str:
    """Return a text; what YAML would read otherwise has to stand in quotes."""
    if value.startswith('"'):
        return str(json.loads(value))
    if ": " in value or " #" in value or value[0] in "&*!|>%@`'[]{},?-":
        raise ValueError(f"line {number}: YAML reads {value!r} otherwise; put it in quotes")
    return value


def tokens(expression: str) -> list[tuple[str, str]]:
    """Return the words and signs of an expression. Raises ValueError for anything else."""
    at, found = 0, []
    while at < len(expression.rstrip()):
        match = _TOKEN.match(expression, at)
        if match is None:
            raise ValueError(f"{expression[at:]!r} begins with no word or sign")
        found.append((str(match.lastgroup), match[0].strip()))
        at = match.end()
    return found


def asked(expression: str) -> Asked:
    """Return the series and labels of an expression. Raises ValueError for brackets that do not pair and odd words."""
    words = iter([*tokens(expression), ("end", "")])
    selectors: list[Selector] = []
    groupings: list[str] = []
    open_brackets = 0
    kind, word = next(words)
    while kind != "end":
        if kind == "word" and word in _GROUPING:
            groupings += [label for label, _ in _listed(words, "(", ")")]
            kind, word = next(words)
            continue
        before, (kind, following) = word, next(words)
        if _is_series(before, following):
            labels: tuple[str, ...] = ()
            if following == "{":
                labels = tuple(label for label, _ in _listed(words, "", "}"))
                kind, following = next(words)
            selectors.append(Selector(before, labels))
        open_brackets += (before == "(") - (before == ")")
        if open_brackets < 0:
            raise ValueError(f"{expression!r} closes what it did not open")
        word = following
    if open_brackets:
        raise ValueError(f"{expression!r} leaves a bracket open")
    return Asked(selectors, groupings)


def _is_series(word: str, following: str) -> bool:
    """Tell a series from a function, an operator, a number or a sign. Raises ValueError for an unknown function."""
    if not word or not (word[0].isalpha() or word[0] == "_") or word in _OPERATORS:
        return False
    if following == "(" or word in FUNCTIONS:
        if word not in FUNCTIONS:
            raise ValueError(f"{word} is no function that is known here")
        return False
    return True


def _listed(words: Iterator[tuple[str, str]], opening: str, closing: str) -> list[tuple[str, str]]:
    """Return labels up to a bracket, each with what it is compared with ("" in a grouping)."""
    if opening and next(words)[1] != opening:
        raise ValueError("a grouping has its labels in brackets")
    found: list[tuple[str, str]] = []
    for kind, word in words:
        if word == closing:
            return found
        match kind:
            case "word":
                found.append((word, ""))
            case "text":
                found[-1] = (found[-1][0], word.strip('"'))
            case "sign" if word in {",", "=", "!=", "=~", "!~"}:
                continue
            case _:
                raise ValueError(f"{word!r} stands among labels")
    raise ValueError("a bracket is left open")


def series_of(rows: Sequence[Metric]) -> dict[str, frozenset[str]]:
    """Return every series that these metrics have, with its labels."""
    series: dict[str, frozenset[str]] = {}
    for row in (*rows, GIVEN):
        labels = frozenset(row.labels) | GIVEN_LABELS
        if row.kind == "histogram":
            series[f"{row.name}_bucket"] = labels | {"le"}
            series[f"{row.name}_count"] = series[f"{row.name}_sum"] = labels
        else:
            series[row.name] = labels
    return series
