"""The download of one medium within its limits: every way in which a server may be slow or lie has its one outcome.

Theory of operation: one total deadline runs from the start. Until then links are resolved, followed and read: a link
that is refused is resolved anew once, what may go better is tried again with growing pauses. A size is believed only
where it speaks against us: the declared one, then that of the header, then the counted bytes end the download as soon
as they are too many. What was read becomes a file only after its first bytes, its length and its hash were found right.

Knows no provider: where a medium is to be had, a `Source` says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import get_args

import httpx
import msgspec
import structlog
import trio

from actors.media.content import ENDINGS, HEAD, digest_of, fits, named_type, type_of
from actors.media.expiry import Expiry, ExpiryStatistics
from actors.media.files import Draft, FilesStatistics, MediaFiles
from actors.media.places import joined, leads_inside, may_lead, same_origin
from actors.media.sources import Busy, Denied, Gone, Link, Source
from actors.media.task import Download, Group, MediaFetched, Result, group_of
from config import Media, Settings
from runtime import HttpClient, StreamedAnswer

_log = structlog.get_logger(__name__)

_REDIRECTS = 3
_RESOLVES = 2  # the first, and once more when the link has expired
_TRIES, _TRIES_CUT = 6, 3  # of what may go better; of an answer that breaks off in its middle
_PAUSE, _LONGEST_PAUSE = 0.5, 5.0  # seconds


class _End(msgspec.Struct, frozen=True):
    """How it ended."""

    result: Result
    code: str = ""
    path: str = ""
    size: int = 0
    mime: str = ""
    sha256: str = ""


class _Again(msgspec.Struct, frozen=True):
    """It may go better in a moment; if it has not after `tries`, that is how it ended."""

    code: str
    result: Result = "failed"
    tries: int = _TRIES


class _Unusable(msgspec.Struct, frozen=True):
    """The link is refused; another one may be taken. If there is none, that is how it ended."""

    code: str
    result: Result = "expired"


_Step = _End | _Again | _Unusable


@dataclass(frozen=True)
class DownloadStatistics:
    """Downloads that run now; since the start, how they ended, the bytes of those stored, and what went for its age."""

    running: int
    results: Mapping[str, int]
    bytes: int
    files: FilesStatistics
    removed: ExpiryStatistics


class Downloads:
    """All downloads of a process. Of no use before `configure`."""

    def __init__(self) -> None:
        self._settings = Media()
        self._files: MediaFiles | None = None
        self._dice = Random()  # noqa: S311 - jitter
        self._running = 0
        self._results: dict[str, int] = dict.fromkeys(get_args(Result), 0)
        self._bytes = 0
        self._expiry = Expiry()
        self._owners: Mapping[str, int] = {}
        self._places = trio.CapacityLimiter(self._settings.at_once)

    def configure(self, settings: Settings) -> None:
        """Take limits and the place of the files; downloads that run keep the old ones."""
        self._settings = settings.media
        self._places.total_tokens = settings.media.at_once
        self._owners = {
            str(tenant.id): tenant.media_keep_days
            for tenant in settings.tenants
            if tenant.media_keep_days is not None
        }
        root = settings.data_dir / "media"
        if self._files is None or self._files.root != root:
            self._files = MediaFiles(root)

    async def fetch(self, task: Download, name: str, source: Source, http: HttpClient) -> MediaFetched:
        """Fetch a medium and keep it under `name` with the ending of its type; return what came of it.

        Takes `media.total_timeout` seconds at most, and a moment for its file, once fewer than `media.at_once` run.
        Cancelled, it leaves nothing behind.
        Raises RuntimeError before `configure`.
        """
        if self._files is None:
            raise RuntimeError("downloads have no settings yet: call configure() first")
        group = group_of(task.kind, task.mime)
        limit: int = getattr(self._settings, f"{group}_max_bytes")
        job = _Job(task, name, group, limit, source, http, self._files, self._dice)
        end = _End("timed_out", f"after_{self._settings.total_timeout:g}_s")
        async with self._places:
            self._running += 1
            try:
                with trio.move_on_after(self._settings.total_timeout):
                    end = await job.run()
            finally:
                self._running -= 1
        self._results[end.result] += 1
        self._bytes += end.size
        if end.result != "stored":
            _log.warning("medium not stored", effect=name, kind=task.kind, result=end.result, code=end.code)
        return MediaFetched(
            message=task.message,
            kind=task.kind,
            group=group,
            tag=task.tag,
            caption=task.caption,
            limit=limit if end.result == "too_large" else 0,
            **msgspec.structs.asdict(end),
        )

    async def read(self, path: str, most: int) -> bytes | None:
        """Return the content of a stored medium of at most so many bytes; None where that is not to be had."""
        return await self._files.read(path, most) if self._files is not None else None

    async def sweep(self) -> None:
        """Remove what a killed process left half written; only for who has the data directory alone."""
        if self._files is not None and (swept := await self._files.sweep()):
            _log.info("half downloads removed", files=swept)

    async def expire(self) -> None:
        """Remove files that are older than `media.keep_days`, or than their tenant says; for an app's `upkeep`."""
        if self._files is not None:
            await self._expiry.go_on(self._files, self._settings.keep_days, self._owners)

    def statistics(self) -> DownloadStatistics:
        """Return the counts."""
        files = self._files.statistics() if self._files is not None else FilesStatistics(0, 0)
        return DownloadStatistics(
            self._running, dict(self._results), self._bytes, files, self._expiry.statistics()
        )


@dataclass(frozen=True)
class _Job:
    """One download, without its deadline."""

    task: Download
    name: str
    group: Group
    limit: int
    source: Source
    http: HttpClient
    files: MediaFiles
    dice: Random

    async def run(self) -> _End:
        """Take steps until one is the last."""
        link = Link(self.task.url) if self.task.url else None
        resolves = tries = 0
        while True:
            step: _Step | Link
            if link is None:
                step = await self._resolve()
                resolves += not isinstance(step, _Again)
            else:
                step = await self._follow(link)
            match step:
                case Link():
                    link = step
                case _End():
                    return step
                case _Unusable(code=code, result=result):
                    if resolves >= _RESOLVES or not self.task.media:
                        return _End(result, code)
                    link = None
                case _Again(code=code, result=result, tries=most):
                    tries += 1
                    if tries >= most:
                        return _End(result, code)
                    pause = min(_PAUSE * 2 ** (tries - 1), _LONGEST_PAUSE)
                    await trio.sleep(pause * self.dice.uniform(0.5, 1.0))

    async def _resolve(self) -> _Step | Link:
        try:
            found = await self.source.resolve(self.http, self.task.media)
        except httpx.HTTPError:
            return _Again("no_answer")
        match found:
            case Link(size=size):
                return _End("too_large", "declared") if size > self.limit else found
            case Gone(code=code):
                return _End("expired", code)
            case Busy(code=code):
                return _Again(code)
            case Denied(code=code):
                return _End("failed", code)

    async def _follow(self, link: Link) -> _Step:
        """Follow a link and its redirects; the token stays with the host that the provider has named."""
        url, headers = link.url, self.source.headers
        try:
            for _ in range(_REDIRECTS + 1):
                if not await self._is_allowed(url):
                    return _Unusable("forbidden_link", "failed")
                async with self.http.stream("GET", url, headers=headers) as answer:
                    location = answer.headers.get("location", "")
                    if answer.status_code not in {301, 302, 303, 307, 308} or not location:
                        return await self._judge(answer, link)
                target = joined(url, location)
                if not same_origin(url, target):
                    headers = {}
                url = target
        except httpx.HTTPError:
            return _Again("no_answer")
        except OSError:
            return _Again("no_such_host")
        return _Unusable("redirects", "failed")

    async def _is_allowed(self, url: str) -> bool:
        if self.source.beside:
            return same_origin(self.source.api, url)
        return may_lead(self.source.api, url) and not await leads_inside(self.source.api, url)

    async def _judge(self, answer: StreamedAnswer, link: Link) -> _Step:
        status = answer.status_code
        word = f"http_{status}"
        match status:
            case 200:
                return await self._take(answer, link)
            case 403 | 404 | 410:
                return _Unusable(word)
            case 408 | 429:
                return _Again(word)
            case _:
                return _Again(word) if status >= 500 else _Unusable(word, "failed")

    async def _take(self, answer: StreamedAnswer, link: Link) -> _Step:
        """Read an answer into a file, as far as its head lets us."""
        if answer.headers.get("content-encoding", "identity").strip().lower() != "identity":
            return _End("bad_type", "compressed")
        length = answer.headers.get("content-length", "")
        if length.isascii() and length.isdigit():
            if int(length) > self.limit:
                return _End("too_large", "content_length")
            if link.size and int(length) != link.size:
                return _End("corrupt", "content_length")
        try:
            async with self.files.draft() as draft:
                return await self._read(answer, link, draft)
        except OSError as error:
            _log.error("media directory", fault=type(error).__name__, number=error.errno)
            return _End("failed", "disk")

    async def _read(self, answer: StreamedAnswer, link: Link, draft: Draft) -> _Step:
        """Read and check the content; what is right is kept."""
        head, shown = b"", None
        mime = self.task.mime or link.mime
        try:
            async for chunk in answer:
                if draft.size + len(chunk) > self.limit:
                    return _End("too_large", "counted")
                if shown is None:
                    head += chunk[:HEAD]
                    if len(head) >= HEAD:
                        shown = type_of(head)
                        if not fits(self.group, mime, shown):
                            return _End("bad_type", shown or "unknown")
                await draft.write(chunk)
        except httpx.HTTPError:
            return _Again("cut_off", "corrupt", _TRIES_CUT)
        if shown is None:
            shown = type_of(head)
        await draft.flush()
        if fault := self._fault(draft, link, mime, shown):
            return fault
        mime = named_type(self.group, mime, shown)
        owner = f".of{self.task.owner}" if self.task.owner else ""
        path = f"{self.name[:2]}/{self.name}{owner}{ENDINGS.get(shown, '')}"
        await draft.keep(path)
        return _End("stored", "", path, draft.size, mime, draft.digest.hex())

    def _fault(self, draft: Draft, link: Link, mime: str, shown: str) -> _End | None:
        """Return what is wrong with a file that was read to its end."""
        if not draft.size or (link.size and draft.size != link.size):
            return _End("corrupt", "length")
        if not fits(self.group, mime, shown):
            return _End("bad_type", shown or "unknown")
        wanted = digest_of(link.sha256) or digest_of(self.task.sha256)
        return _End("corrupt", "sha256") if wanted and wanted != draft.digest else None
