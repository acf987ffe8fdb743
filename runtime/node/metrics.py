"""Prometheus' view of the statistics: every number of every living object, named by its place.

A statistics object is a dataclass, a struct or a mapping; its numbers become gauges `majlis_<object>_<field>`. Mappings
of names to numbers become one gauge with the label `kind`. The set of names is the code's own, so it is bounded.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import cast

import msgspec
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector


class _Statistics(Collector):
    def __init__(self, read: Callable[[], Mapping[str, object]]) -> None:
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        for name, statistics in self._read().items():
            yield from _families(f"majlis_{name}", statistics)


def _families(name: str, value: object) -> Iterator[GaugeMetricFamily]:
    if isinstance(value, bool | int | float):
        family = GaugeMetricFamily(
            name, f"{name.removeprefix('majlis_').replace('_', ' ')}; see statistics()"
        )
        family.add_metric([], float(value))
        yield family
    elif isinstance(value, Mapping):
        yield _labelled(name, value)
    else:
        for field, inner in fields_of(value).items():
            yield from _families(f"{name}_{field}", inner)


def _labelled(name: str, mapping: Mapping[object, object]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        name, f"{name.removeprefix('majlis_').replace('_', ' ')} by kind", labels=["kind"]
    )
    for kind, number in mapping.items():
        if isinstance(number, int | float):
            label = "/".join(str(part) for part in kind) if isinstance(kind, tuple) else str(kind)
            family.add_metric([label], float(number))
    return family


def fields_of(statistics: object) -> dict[str, object]:
    """Return the fields of a statistics object by name; empty for what has none."""
    if dataclasses.is_dataclass(statistics) and not isinstance(statistics, type):
        return {field.name: getattr(statistics, field.name) for field in dataclasses.fields(statistics)}
    if isinstance(statistics, msgspec.Struct):
        return cast("dict[str, object]", msgspec.structs.asdict(statistics))
    return {}


def metrics_page(read: Callable[[], Mapping[str, object]]) -> Callable[[], bytes]:
    """Return a function that renders the statistics of `read` in Prometheus' text format."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Statistics(read))
    return lambda: generate_latest(registry)
