"""Every alert can fire: it asks for series and labels that exist, says what is wrong, and where to read what to do."""

from __future__ import annotations

import re

import pytest

from actors.estate import app
from runtime.serve.metric_table import METRICS
from tests.unit.alert_rules import FILE, GIVEN_LABELS, Alert, Asked, Selector, asked, parse, series_of, tokens

TEXT = FILE.read_text()
ALERTS = parse(TEXT)
SERIES = series_of((*METRICS, *app.metrics))
RUNBOOK = {
    "replies-stopped",
    "token-expired",
    "lag-grows",
    "disk-full",
    "postgres-away",
    "one-conversation-stuck",
    "wrong-tenant-answered",
    "restart-hangs",
}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_asks_for_what_the_metrics_have(alert: Alert) -> None:
    wanted = asked(alert.expr)
    assert wanted.selectors
    for selector in wanted.selectors:
        assert selector.series in SERIES, f"{selector.series} is no metric"
        assert set(selector.labels) <= SERIES[selector.series], f"{selector.series} has no such label"
    known = frozenset().union(*(SERIES[selector.series] for selector in wanted.selectors))
    assert set(wanted.groupings) <= known
    named = set(re.findall(r"\$labels\.(\w+)", alert.annotations["summary"]))
    assert named <= known - GIVEN_LABELS
    if wanted.groupings:
        assert named <= set(wanted.groupings), "what it is summed over is gone"


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert.name)
def test_an_alert_says_how_bad_it_is_in_plain_words_and_where_to_read_on(alert: Alert) -> None:
    assert alert.labels.keys() == {"severity"}
    assert alert.labels["severity"] in {"page", "ticket"}
    assert re.fullmatch(r"\d+[smh]", alert.wait)
    assert alert.annotations.keys() == {"summary", "runbook"}
    assert re.fullmatch(r"[A-Z].{20,120}\.", alert.annotations["summary"])
    file, _, anchor = alert.annotations["runbook"].partition("#")
    assert (file, anchor in RUNBOOK) == ("RUNBOOK.md", True)


def test_alerts_have_names_of_their_own_and_lead_to_every_section() -> None:
    names = [alert.name for alert in ALERTS]
    assert len(set(names)) == len(names) == TEXT.count("alert:") > 20
    assert {alert.annotations["runbook"].partition("#")[2] for alert in ALERTS} == RUNBOOK


def test_the_table_of_metrics_leads_to_the_same_sections() -> None:
    anchors = {anchor for row in METRICS for anchor in re.findall(r"RUNBOOK\.md#([\w-]+)", row.action)}
    assert anchors
    assert anchors <= RUNBOOK


# ── the reader itself ─────────────────────────────────────────────────


def test_series_and_labels_are_told_from_functions_groupings_and_numbers() -> None:
    expression = 'sum by (le, pool) (rate(a_bucket{status="2xx",x=~"b|c"}[5m])) / 2e9 > max(b) and c == 0'
    assert asked(expression) == Asked(
        [Selector("a_bucket", ("status", "x")), Selector("b"), Selector("c")], ["le", "pool"]
    )


@pytest.mark.parametrize(
    "expression", ["sum(a", "a)", "a{x=1", "average(a)", "a ? b", "sum by le (a)", "a{b[5m]}"]
)
def test_an_expression_that_is_none_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        asked(expression)


def test_tokens_are_words_texts_numbers_ranges_and_signs() -> None:
    assert [word for _, word in tokens('rate(a{b!~"c d"}[15m]) >= 1.5')] == [
        "rate", "(", "a", "{", "b", "!~", '"c d"', "}", "[15m]", ")", ">=", "1.5",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line", ["      - alert: A\n        expr: {a: b}", "      - alert: A\n         expr: a", "\talert: A"]
)
def test_a_file_of_another_form_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="line"):
        parse(line)
