"""The metrics of downloads, as data, for an app whose statistics hold them under "media"."""

from __future__ import annotations

from runtime import Metric

METRICS = (
    Metric("majlis_media_running", "gauge", "media.running", "downloads", "downloads that run now"),
    Metric("majlis_media_downloads_total", "counter", "media.results", "downloads", "downloads by how they ended",
           "`failed`, `expired`: the log names the codes of the provider", ("result",)),
    Metric("majlis_media_stored_bytes_total", "counter", "media.bytes", "bytes", "bytes of media that were stored",
           "they go after `media.keep_days`: RUNBOOK.md#disk-full"),
    Metric("majlis_media_removed_total", "counter", "media.removed.files", "files",
           "media that were removed for their age"),
    Metric("majlis_media_removed_bytes_total", "counter", "media.removed.bytes", "bytes", "bytes of these"),
    Metric("majlis_media_remove_failures_total", "counter", "media.removed.failures", "files",
           "old media that could not be removed, in each hour again", "rights below `data_dir/media`; the disk"),
    Metric("majlis_media_drafts", "gauge", "media.files.drafts", "files", "files that are being written"),
    Metric("majlis_media_threads", "gauge", "media.files.threads", "threads", "threads that work on files"),
)  # fmt: skip
