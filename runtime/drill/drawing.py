"""Values of a type, drawn by dice: for events of an app that says nothing of how they come about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

T = TypeVar("T")
_WORDS = ("", "1", "yes", "no", "hello", "سلام", "flat", "stop", "0", "Дом 🏠")
_NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Undrawable(Exception):
    """Nothing is known of how a value of this type looks; whoever asked gives some of their own."""


def draw(cls: type[T], dice: Random) -> T:
    """Return a value; members with a default are left out half of the time. Raises Undrawable."""
    try:
        return msgspec.convert(_value(inspect.type_info(cls), dice), cls)
    except msgspec.ValidationError as error:
        raise Undrawable(f"{cls.__name__} cannot be drawn: {error}") from error


def _value(info: inspect.Type, dice: Random) -> object:
    drawer = _DRAWERS.get(type(info))
    if drawer is None:
        raise Undrawable(f"{type(info).__name__} cannot be drawn")
    return drawer(info, dice)


def _struct(info: inspect.StructType, dice: Random) -> Mapping[str, object]:
    drawn: dict[str, object] = {}
    if info.tag_field is not None:
        drawn[info.tag_field] = info.tag
    for one in info.fields:
        if one.required or (type(one.type) in _PLAIN and dice.random() < 0.5):
            drawn[one.encode_name] = _value(one.type, dice)
    return drawn


def _several(info: inspect.CollectionType, dice: Random) -> Sequence[object]:
    return [_value(info.item_type, dice) for _ in range(dice.randrange(3))]


_PLAIN = (inspect.StrType, inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.EnumType)
_DRAWERS: Mapping[type, Callable[[Any, Random], object]] = {
    inspect.NoneType: lambda _info, _dice: None,
    inspect.AnyType: lambda _info, dice: dice.choice(_WORDS),
    inspect.BoolType: lambda _info, dice: dice.random() < 0.5,
    inspect.IntType: lambda _info, dice: dice.randrange(100),
    inspect.FloatType: lambda _info, dice: dice.randrange(100) / 4,
    inspect.StrType: lambda _info, dice: f"{dice.choice(_WORDS)}{dice.choice(('', dice.randrange(1000)))}",
    inspect.BytesType: lambda _info, dice: dice.choice(_WORDS).encode(),
    inspect.DateTimeType: lambda _info, dice: _NOON + timedelta(minutes=dice.randrange(1000)),
    inspect.EnumType: lambda info, dice: dice.choice(list(info.cls)).value,
    inspect.LiteralType: lambda info, dice: dice.choice(info.values),
    inspect.UnionType: lambda info, dice: _value(dice.choice(info.types), dice),
    inspect.Metadata: lambda info, dice: _value(info.type, dice),
    inspect.StructType: _struct,
    inspect.DataclassType: lambda info, dice: {
        one.encode_name: _value(one.type, dice) for one in info.fields if one.required
    },
    inspect.ListType: _several,
    inspect.VarTupleType: _several,
    inspect.SetType: _several,
    inspect.FrozenSetType: _several,
    inspect.TupleType: lambda info, dice: [_value(item, dice) for item in info.item_types],
    inspect.DictType: lambda info, dice: {
        _value(info.key_type, dice): _value(info.value_type, dice) for _ in range(dice.randrange(2))
    },
}
