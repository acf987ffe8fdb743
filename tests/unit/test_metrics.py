"""Every number of the statistics is a metric, with bounded names."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from runtime.node.metrics import metrics_page


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
    buckets: tuple[int, ...] = (1, 2)
    name: str = "no number"


def test_numbers_come_out_under_the_name_of_their_place() -> None:
    statistics = {
        "lanes": Lives(3, True, Inner(8), {"accepted": 2}),
        "webhooks": Counts({("meta", "stored"): 7}),
        "hints": {"told": 1},
    }
    page = metrics_page(lambda: statistics)().decode()
    for line in (
        "majlis_lanes_busy 3.0",
        "majlis_lanes_open 1.0",
        "majlis_lanes_pool_size 8.0",
        'majlis_lanes_outcomes{kind="accepted"} 2.0',
        'majlis_webhooks_requests{kind="meta/stored"} 7.0',
        'majlis_hints{kind="told"} 1.0',
    ):
        assert line in page.splitlines()
    assert "no number" not in page
