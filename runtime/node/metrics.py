"""Prometheus' view of the statistics: each row of a table, read at its place, and nothing that no row names.

Knows neither the table nor what is measured; see `runtime.actor.metric` for how a row finds its number.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate
from typing import cast

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.core import (
    Metric as Family,
)
from prometheus_client.registry import Collector

from runtime.actor.metric import Distribution, Metric

Read = Callable[[], Mapping[str, object]]


class _Table(Collector):
    def __init__(self, rows: Sequence[Metric], read: Read) -> None:
        self._rows = rows
        self._read = read

    def collect(self) -> Iterator[Family]:
        statistics = self._read()
        for row in self._rows:
            try:
                found = list(samples(statistics, row.source))
            except KeyError:
                raise LookupError(
                    f"metric {row.name}: {row.source} leads to nothing in the statistics"
                ) from None
            yield _family(row, found)


def _family(row: Metric, found: Iterable[tuple[tuple[str, ...], object]]) -> Family:
    if row.kind == "histogram":
        histogram = HistogramMetricFamily(row.name, row.meaning, labels=row.labels)
        for labels, value in found:
            if isinstance(value, Distribution):
                histogram.add_metric(labels, _buckets(value), value.sum)
        return histogram
    family: CounterMetricFamily | GaugeMetricFamily = (
        CounterMetricFamily(row.name, row.meaning, labels=row.labels)
        if row.kind == "counter"
        else GaugeMetricFamily(row.name, row.meaning, labels=row.labels)
    )
    for labels, value in found:
        if isinstance(value, bool | int | float):
            family.add_metric(labels, float(value))
    return family


def _buckets(seen: Distribution) -> list[tuple[str, float]]:
    """Return buckets as Prometheus has them: each holds those below it, too."""
    bounds = (*map(str, seen.bounds), "+Inf")
    return list(zip(bounds, map(float, accumulate(seen.counts)), strict=True))


def samples(statistics: object, source: str) -> Iterator[tuple[tuple[str, ...], object]]:
    """Return what stands at a path in the statistics, with its labels. Raises KeyError where there is no such place."""
    head, _, rest = source.partition(".")
    if not source:
        if isinstance(statistics, Mapping):
            for key, value in statistics.items():
                yield tuple(map(str, key)) if isinstance(key, tuple) else (str(key),), value
        else:
            yield (), statistics
    elif head == "*":
        for key, inner in cast("Mapping[object, object]", statistics).items():
            for labels, value in samples(inner, rest):
                yield (str(key), *labels), value
    else:
        fields = statistics if isinstance(statistics, Mapping) else fields_of(statistics)
        yield from samples(fields[head], rest)


def fields_of(statistics: object) -> dict[str, object]:
    """Return the fields of a statistics object by name; empty for what has none."""
    if dataclasses.is_dataclass(statistics) and not isinstance(statistics, type):
        return {field.name: getattr(statistics, field.name) for field in dataclasses.fields(statistics)}
    if isinstance(statistics, msgspec.Struct):
        return cast("dict[str, object]", msgspec.structs.asdict(statistics))
    return {}


def metrics_page(rows: Sequence[Metric], read: Read) -> Callable[[], bytes]:
    """Return a function that renders the rows in Prometheus' text format.

    Raises ValueError where two rows share a name, and LookupError where the statistics have no place for one.
    """
    names = [row.name for row in rows]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"more than one metric is called {', '.join(sorted(twice))}")
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Table(rows, read))
    generate_latest(registry)  # what is wrong with a row is told now, and not to Prometheus
    return lambda: generate_latest(registry)
