"""The page shows the rows of its table and nothing else; names keep Prometheus' conventions; METRICS.md is the table.

`python tests/unit/test_metrics.py` writes METRICS.md anew from the table.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from actors.estate import app
from runtime.actor.metric import Distribution, Histogram, Metric
from runtime.node.metrics import metrics_page
from runtime.node.outcomes import CLASSES
from runtime.serve.metric_table import METRICS

TABLE = (*METRICS, *app.metrics)
DOCUMENT = Path(__file__).parents[2] / "config/deploy/METRICS.md"


@dataclass(frozen=True)
class Inner:
    size: int


@dataclass(frozen=True)
class Lives:
    busy: int
    open: bool
    pool: Inner
    outcomes: dict[str, int]


class Counts(msgspec.Struct, frozen=True):
    requests: dict[tuple[str, str], int]
    took: Distribution
    name: str = "no number"


def row(name: str, kind: str, source: str, *labels: str, unit: str = "") -> Metric:
    return Metric(name, kind, source, unit, "what it is", labels=labels)  # type: ignore[arg-type]


def test_each_row_shows_what_stands_at_its_place_and_nothing_else_is_shown() -> None:
    lives = Lives(3, True, Inner(8), {"accepted": 2})
    statistics = {
        "lanes": lives,
        "webhooks": Counts({("meta", "stored"): 7}, Distribution((0.1, 1.0), (1, 0, 2), 5.5)),
        "pools": {"redis": Inner(10), "turns": Inner(4)},
        "hints": {"told": 1},
    }
    rows = (
        row("busy", "gauge", "lanes.busy"),
        row("open", "gauge", "lanes.open"),
        row("size", "gauge", "pools.*.size", "pool"),
        row("outcomes_total", "counter", "lanes.outcomes", "outcome"),
        row("requests_total", "counter", "webhooks.requests", "provider", "outcome"),
        row("took_seconds", "histogram", "webhooks.took", unit="seconds"),
        row("nothing_total", "counter", "webhooks.name"),
    )
    page = metrics_page(rows, lambda: statistics)().decode().splitlines()
    assert [line for line in page if not line.startswith("#")] == [
        "busy 3.0",
        "open 1.0",
        'size{pool="redis"} 10.0',
        'size{pool="turns"} 4.0',
        'outcomes_total{outcome="accepted"} 2.0',
        'requests_total{outcome="stored",provider="meta"} 7.0',
        'took_seconds_bucket{le="0.1"} 1.0',
        'took_seconds_bucket{le="1.0"} 1.0',
        'took_seconds_bucket{le="+Inf"} 3.0',
        "took_seconds_count 3.0",
        "took_seconds_sum 5.5",
    ]
    assert "# TYPE outcomes_total counter" in page
    assert "# HELP busy what it is" in page


def test_a_row_that_leads_nowhere_is_a_fault_and_no_silence() -> None:
    with pytest.raises(LookupError, match=r"busy: lanes\.gone leads to nothing"):
        metrics_page([row("busy", "gauge", "lanes.gone")], lambda: {"lanes": Inner(1)})


def test_two_rows_of_one_name_are_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="more than one metric is called busy"):
        metrics_page([row("busy", "gauge", "a"), row("busy", "gauge", "b")], dict)


@pytest.mark.parametrize(
    ("name", "kind", "unit"),
    [
        ("turns", "counter", ""),
        ("turns_total", "gauge", ""),
        ("lag", "gauge", "seconds"),
        ("Lag", "gauge", ""),
    ],
)
def test_a_name_that_breaks_the_conventions_is_refused(name: str, kind: str, unit: str) -> None:
    with pytest.raises(ValueError, match=name):
        row(name, kind, "somewhere", unit=unit)


@given(st.lists(st.floats(0, 20)))
def test_a_histogram_counts_each_value_once_in_the_first_bucket_that_takes_it(values: list[float]) -> None:
    bounds = (0.1, 1.0, 10.0)
    histogram = Histogram(bounds)
    for value in values:
        histogram.observe(value)
    seen = histogram.read()
    upper = (*bounds, float("inf"))
    lower = (float("-inf"), *bounds)
    assert seen.counts == tuple(
        sum(low < value <= high for value in values) for low, high in zip(lower, upper, strict=True)
    )
    assert seen.sum == pytest.approx(sum(values))


def test_the_table_names_each_metric_once_and_every_row_has_a_meaning() -> None:
    names = [one.name for one in TABLE]
    assert len(set(names)) == len(names)
    assert all(one.meaning and one.unit and one.name.startswith(("majlis_", "process_")) for one in TABLE)


def test_errors_of_a_provider_are_counted_by_class_and_never_by_code() -> None:
    assert all(word.isidentifier() and not any(map(str.isdigit, word)) for word in CLASSES)


# ── the document ──────────────────────────────────────────────────────


def written() -> Iterator[str]:
    """Return the lines of METRICS.md."""
    yield "# Metrics"
    yield ""
    yield "What `/metrics` of `server.admin_port` shows: these and no others. Counters count from the process's start"
    yield "and are this replica's unless it says otherwise. `alerts.yml` beside this file says when to wake somebody, and"
    yield "`RUNBOOK.md` what to do then. The text is made from the code's own table:"
    yield "`python tests/unit/test_metrics.py` writes it anew."
    yield ""
    yield "| Metric | Type | Labels | Unit | Meaning | What to do |"
    yield "|---|---|---|---|---|---|"
    for one in TABLE:
        labels = ", ".join(f"`{label}`" for label in one.labels)
        action = one.action
        for word in action.split():
            if word.rstrip(",").startswith("RUNBOOK.md#"):
                anchor = word.rstrip(",")
                action = action.replace(anchor, f"[{anchor.partition('#')[2]}]({anchor})")
        yield f"| `{one.name}` | {one.kind} | {labels} | {one.unit} | {one.meaning} | {action} |"


def test_the_document_is_the_table() -> None:
    assert DOCUMENT.read_text().splitlines() == list(written()), "write it anew, as its head says"


def test_help_and_type_of_every_row_are_what_prometheus_reads() -> None:
    page = metrics_page(TABLE, _nothing)().decode()
    families = {family.name: family.type for family in text_string_to_metric_families(page)}
    assert families == {one.name.removesuffix("_total"): one.kind for one in TABLE}


def _nothing() -> dict[str, object]:
    """Return statistics with a place for each row, and no number."""
    statistics: dict[str, object] = {}
    for head, rows in groupby(
        sorted(one.source for one in TABLE), key=lambda source: source.partition(".")[0]
    ):
        deep: dict[str, object] = {}
        for source in rows:
            _, *path = source.split(".")
            if path and path[0] != "*":
                place = deep
                for name in path:
                    place = place.setdefault(name, {})  # type: ignore[assignment]
        statistics[head] = deep
    return statistics


if __name__ == "__main__":
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text("\n".join(written()) + "\n")
