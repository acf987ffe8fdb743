"""The metrics of files that are sent, as data, for an app whose statistics hold them under "files"."""

from __future__ import annotations

from runtime import Metric

METRICS = (
    Metric("majlis_files_total", "counter", "files.uploads.results", "files",
           "files of sends: uploaded, reused, forgotten, or why a send left without",
           "`refused`: the log has the code; `slow`, `busy`: the provider; `unavailable`: PostgreSQL", ("result",)),
    Metric("majlis_files_uploading", "gauge", "files.uploads.running", "uploads", "uploads that run now"),
    Metric("majlis_files_uploaded_bytes_total", "counter", "files.uploads.bytes", "bytes", "bytes that were uploaded"),
    Metric("majlis_files_drawn_total", "counter", "files.shelf.drawn", "sheets", "fact sheets that were made"),
)  # fmt: skip
