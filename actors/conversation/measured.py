"""The metrics of what is said unasked, as data, for an app whose statistics hold them under "conversation"."""

from __future__ import annotations

from runtime import Metric

METRICS = (
    Metric("majlis_unasked_unsent_total", "counter", "conversation.unsent.*", "messages",
           "messages that nobody asked for and that were not sent when they were due, by kind and why",
           "`window_closed`: a template of the tenant would go; `quiet_hours`: it waits for their end",
           ("kind", "reason")),
)  # fmt: skip
