"""Which of the choices that were offered a text means: by number, by place in the row, or by title. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from actors.brain.phrases import plain

_ORDINALS: Final[tuple[str, ...]] = (
    "first|1st|первый|первая|первое|первую|اول|اولی|الاول|الاولی",
    "second|2nd|второй|вторая|второе|вторую|دوم|دومی|الثانی|الثانیه",
    "third|3rd|третий|третья|третье|третью|سوم|سومی|الثالث|الثالثه",
    "fourth|4th|четвертый|четвертая|четвертую|چهارم|چهارمی|الرابع|الرابعه",
    "fifth|5th|пятый|пятая|пятую|پنجم|پنجمی|الخامس|الخامسه",
    "sixth|6th|шестой|шестая|шестую|ششم|ششمی|السادس|السادسه",
    "seventh|7th|седьмой|седьмая|седьмую|هفتم|هفتمی|السابع|السابعه",
    "eighth|8th|восьмой|восьмая|восьмую|هشتم|هشتمی|الثامن|الثامنه",
    "ninth|9th|девятый|девятая|девятую|نهم|نهمی|التاسع|التاسعه",
    "tenth|10th|десятый|десятая|десятую|دهم|دهمی|العاشر|العاشره",
)
_CARDINALS: Final[tuple[str, ...]] = (
    "one|один|یک|واحد",
    "two|два|دو|اثنین",
    "three|три|سه|ثلاثه",
    "four|четыре|چهار|اربعه",
    "five|пять|پنج|خمسه",
    "six|шесть|شش|سته",
    "seven|семь|هفت|سبعه",
    "eight|восемь|هشت|ثمانیه",
    "nine|девять|تسعه",
    "ten|десять|ده|عشره",
)


def _numbered(lists: Sequence[str]) -> dict[str, int]:
    return {plain(word): place for place, words in enumerate(lists) for word in words.split("|")}


_ORDINAL: Final = _numbered(_ORDINALS)
_CARDINAL: Final = _numbered(_CARDINALS)
_LAST: Final = frozenset(
    map(plain, ("last", "the last one", "последний", "последняя", "آخری", "الأخير", "الأخيرة"))
)
_NUMBER: Final = re.compile(r"\d+")
_CLOCK: Final = re.compile(r"(?:at )?0?(\d{1,2})(?::(\d\d))? ?(am|pm)?")
_AROUND: Final = re.compile(
    r"^(?:the|number|no|option|choice|n|номер|вариант|пункт|شماره|گزینه|رقم|خیار|الخیار|رقم)\s+"
    r"|\s+(?:one|option|please|pls|пожалуйста|вариант|لطفا|رو میخوام|من فضلک)$"
)
LONGEST: Final = 80
"""Characters of a text that may pick."""


def pick(text: str, titles: Sequence[str]) -> int | None:
    """Return the index of the title that `text` means, or None if it means none of them, or more than one.

    A title in any folding comes first, then some words of one title only ("hills" for "Dubai Hills"), then its number
    ("2", "۲", "number two", «второй»), unless the titles hold numbers as small themselves. "2 pm" is 14:00, "10" is the
    one title with 10:00. Never raises.
    """
    if len(text) > LONGEST or not titles:
        return None
    said = plain(text)
    if not said:
        return None
    plains = [plain(title) for title in titles]
    whole = [place for place, title in enumerate(plains) if title == said]
    if whole:
        return whole[0] if len(whole) == 1 else None
    for words in (set(said.split()), _clock(said)):
        within = [place for place, title in enumerate(plains) if words and words <= set(title.split())]
        if within:
            return within[0] if len(within) == 1 else None
    return _place(said, plains)


def _clock(said: str) -> set[str]:
    """Return the time of day that is the whole of `said`, as titles write it."""
    time = _CLOCK.fullmatch(said)
    if time is None:
        return set()
    hour = int(time[1]) % 12 + (12 if time[3] == "pm" else 0) if time[3] else int(time[1])
    return {f"{hour:02}:{time[2] or '00'}"}


def _place(said: str, titles: Sequence[str]) -> int | None:
    bare = _AROUND.sub("", _AROUND.sub("", said))
    if bare in _LAST:
        return len(titles) - 1
    if bare in _ORDINAL:
        place = _ORDINAL[bare]
    elif any(0 < int(number[:9]) <= len(titles) for title in titles for number in _NUMBER.findall(title)):
        return None
    elif bare in _CARDINAL:
        place = _CARDINAL[bare]
    elif bare.isdigit() and len(bare) <= 3:
        place = int(bare) - 1
    else:
        return None
    return place if 0 <= place < len(titles) else None
