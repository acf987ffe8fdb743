"""The metrics of downloads, as data, for an app whose statistics hold them under "media"."""

from __future__ import annotations

from runtime import Metric

METRICS = (
    Metric("majlis_media_running", "gauge", "media.running", "downloads", "downloads that run now"),
    Metric("majlis_media_downloads_total", "counter", "media.results", "downloads", "downloads by how they ended",
           "`failed`, `expired`: the log names the codes of the provider", ("result",)),
    Metric("majlis_media_stored_bytes_total", "counter", "media.bytes", "bytes", "bytes of media that were stored",
           "nothing deletes them: RUNBOOK.md#disk-full"),
    Metric("majlis_media_drafts", "gauge", "media.files.drafts", "files", "files that are being written"),
    Metric("majlis_media_threads", "gauge", "media.files.threads", "threads", "threads that work on files"),
)  # fmt: skip
