"""An actor's state as bytes: its version, what older and newer code wrote, and what this code does not know of it.

Theory of operation: the bytes are the JSON object of the state's struct, led by `"$v": n` for a version other than 1.
Bytes that decode and encode to themselves hold nothing unknown: that is every turn but the first ones after a deploy or
a roll-back. Otherwise the tree is read: one of an older version goes through the actor's `upgrade`; what the struct has
no name for is taken out, carried over the turn, and put back when its state is written. A state of a newer version is
read as far as it is known and written back under our own, so that the newer code's `upgrade` runs again when it returns,
over a tree that still has all that is its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from typing import Generic, TypeVar

import msgspec

from runtime.actor.behaviour import Actor
from runtime.actor.carrying import Carried, shape_of
from runtime.actor.supervision import origin

S = TypeVar("S", bound=msgspec.Struct)

_MARK = "$v"
_FORMAT = 1  # of the bytes; another one would have every state checked again
#: What msgspec says that is of the type and not of the content. Other words of it may quote what a person wrote.
_OF_THE_TYPE = re.compile(r"(Expected .*?|Object missing required field `[^`]*`)( - at .*)?", re.DOTALL)
_PLACE = re.compile(r" - at (key in )?`\$[^`]*`$")


class StateUnreadable(Exception):
    """A state cannot be read by this code; the message says where and why, and nothing of what is in it."""


class Loaded(msgspec.Struct, Generic[S], frozen=True):
    """A state for one turn, and what its type does not know of it."""

    state: S
    carried: Carried | None = None


class StateCodec(Generic[S]):
    """Reads and writes the states of one actor. Pure; `upgrade` is the actor's."""

    def __init__(self, actor: Actor[S]) -> None:
        """Raise TypeError for a state that cannot be kept as JSON, or a version that is none."""
        cls: type[S] = actor.state_type  # type: ignore[assignment]  # a class variable cannot name S
        version = actor.version
        array_like = cls.__struct_config__.array_like
        if type(version) is not int or version < 1:
            raise TypeError(f"{type(actor).__name__}.version must be a number from 1")
        if version > 1 and array_like:
            raise TypeError(f"{cls.__name__} is array_like: a version has no place in it")
        if _MARK in cls.__struct_encode_fields__:
            raise TypeError(f"{cls.__name__}: {_MARK!r} is where the version stands")
        self._actor = actor
        self._shape = shape_of(cls)
        self._opening = (
            b"[" if array_like else b"{" if version == 1 else b'{"%s":%d,' % (_MARK.encode(), version)
        )
        self._fresh: Callable[[], S] = cls
        self._decode: Callable[[bytes], S] = msgspec.json.Decoder(cls).decode
        self._encode = msgspec.json.Encoder().encode

    def decode(self, raw: bytes) -> Loaded[S]:
        """Return the state in `raw`, a fresh one where there is nothing. Raises StateUnreadable."""
        if not raw:
            return Loaded(self._fresh())
        if raw.startswith(self._opening):
            body = raw if len(self._opening) == 1 else b"{" + raw[len(self._opening) :]
            with suppress(Exception):  # what went wrong, the careful way finds out
                state = self._decode(body)
                if self._encode(state) == body:
                    return Loaded(state)
        try:
            return self._read(raw)
        except StateUnreadable:
            raise
        except Exception as error:
            raise StateUnreadable(_reason(error)) from error

    def encode(self, loaded: Loaded[S], state: S) -> bytes:
        """Return the bytes of `state`, with all that `loaded` carried and that still has a place.

        Raises TypeError and msgspec's ValidationError for a state that could not be read again: no later turn could mend
        it.
        """
        body = self._encode(state)
        self._decode(body)
        if loaded.carried is not None and self._shape is not None:
            tree = msgspec.json.decode(body)
            self._shape.give(tree, loaded.carried)
            body = self._encode(tree)
        if len(self._opening) == 1:
            return body
        return self._opening + body[1:] if body != b"{}" else self._opening[:-1] + b"}"

    def fingerprint(self) -> str:
        """Return what tells whether states that other code could read need a look again.

        It is of the state's JSON schema, of its version and of the text of `upgrade` itself, not of what that calls.
        """
        code = type(self._actor).upgrade.__code__
        constants = [value for value in code.co_consts if isinstance(value, str | bytes | int | float)]
        facts = [_FORMAT, self._actor.version, msgspec.json.schema(self._actor.state_type)]
        upgrade = repr((code.co_code, code.co_names, constants))
        return sha256(msgspec.json.encode([facts, upgrade], order="sorted")).hexdigest()

    def _read(self, raw: bytes) -> Loaded[S]:
        """Read a state of any version, with something unknown in it perhaps."""
        tree = msgspec.json.decode(raw)
        version = tree.pop(_MARK, 1) if isinstance(tree, dict) else 1
        if type(version) is not int or version < 1:
            raise StateUnreadable(f"its version is not a number from 1 - at `$.{_MARK}`")
        if version < self._actor.version:
            tree = self._upgraded(tree, version)
        carried = self._shape.take(tree) if self._shape is not None else None
        return Loaded(self._decode(self._encode(tree)), carried)

    def _upgraded(self, tree: object, version: int) -> object:
        if not isinstance(tree, dict):
            raise StateUnreadable("Expected `object`")
        try:
            upgraded = self._actor.upgrade(tree, version)
        except (Exception, SystemExit) as error:
            told = f"upgrade from version {version} raised {type(error).__name__} at {origin(error)}"
            raise StateUnreadable(told) from error
        if not isinstance(upgraded, dict):
            raise StateUnreadable(f"upgrade from version {version} returned no dict")
        upgraded.pop(_MARK, None)
        return msgspec.json.decode(self._encode(upgraded))  # whatever it put there, as JSON


def _reason(error: Exception) -> str:
    """Return what may be told of a fault: which type was expected where, never what was there."""
    told = str(error)
    if isinstance(error, msgspec.ValidationError) and _OF_THE_TYPE.fullmatch(told):
        return told
    place = _PLACE.search(told) if isinstance(error, msgspec.ValidationError) else None
    return type(error).__name__ + (place.group() if place else "")
