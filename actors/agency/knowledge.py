"""What an agency knows and a model may answer from: its articles, and which of them concern a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from actors.agency.tenancy import TenantTransaction
from actors.brain.folding import fold
from actors.brain.language import Language

_LOOKED_AT: Final = 200
MOST: Final = 6000
"""Characters of all articles together that go along with a question."""
_SHORT: Final = 3  # letters of words that say nothing
_STEM: Final = 5  # letters that two forms of a word have in common


class KnownArticle(msgspec.Struct, frozen=True, kw_only=True):
    """An article in one language."""

    key: str
    language: Language
    title: str
    body: str


async def articles(tx: TenantTransaction) -> Sequence[KnownArticle]:
    """Return the articles of a tenant, the newest first, as many as are looked at."""
    return await tx.read(KnownArticle, "knowledge_of", _LOOKED_AT)


def fitting(known: Sequence[KnownArticle], words: str, language: Language) -> Sequence[KnownArticle]:
    """Return those that have most words in common with a message, each once, in its language if there is one; pure."""
    asked = _stems(words)
    ranked = sorted(
        known,
        key=lambda one: (-_shared(one, asked), one.language != language, one.key),
    )
    chosen: list[KnownArticle] = []
    left = MOST
    for article in ranked:
        size = len(article.title) + len(article.body)
        if size <= left and article.key not in {one.key for one in chosen}:
            chosen.append(article)
            left -= size
    return chosen


def _shared(article: KnownArticle, asked: frozenset[str]) -> int:
    return 2 * len(_stems(article.title) & asked) + len(_stems(article.body) & asked)


def _stems(text: str) -> frozenset[str]:
    words = "".join(char if char.isalnum() else " " for char in fold(text)).split()
    return frozenset(word[:_STEM] for word in words if len(word) > _SHORT)
