"""What `config show` prints: the effective settings as plain values, secrets masked, and as TOML."""

import json
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from config.settings import MASK, Backend, Channel, Secret, Settings

_BARE = re.compile(r"[A-Za-z0-9_-]+")


def show(settings: Settings) -> dict[str, object]:
    """Return the effective values as plain dicts, lists, numbers and texts: no secret, no None."""
    return _struct(settings)


def _struct(struct: msgspec.Struct) -> dict[str, object]:
    values = {name: getattr(struct, name) for name in struct.__struct_fields__}
    if isinstance(struct, Backend):
        values["url"] = struct.masked_url
    if isinstance(struct, Channel):  # what its provider does not have
        values = {name: value for name, value in values.items() if value}
    values = {name: value for name, value in values.items() if not isinstance(value, Secret) or value}
    return {name: _plain(value) for name, value in values.items() if value is not None}


def _plain(value: object) -> object:
    match value:
        case msgspec.Struct():
            return _struct(value)
        case tuple():
            return [_plain(entry) for entry in value]
        case dict():
            return {key: _plain(entry) for key, entry in value.items()}
        case Secret():
            return MASK
        case Path():
            return str(value)
        case _:
            return value


def render_toml(values: Mapping[str, object]) -> str:
    """Return what `show` returned as TOML text: plain values first, then the tables and arrays of tables."""
    lines = [f"{key} = {_toml(value)}" for key, value in values.items() if not _is_table(value)]
    for key, value in values.items():
        tables = value if isinstance(value, list) else [value]
        header = f"[[{key}]]" if isinstance(value, list) else f"[{key}]"
        for table in (table for table in tables if isinstance(table, dict)):
            lines += ["", header, *(f"{name} = {_toml(entry)}" for name, entry in table.items())]
    return "\n".join(lines) + "\n"


def _is_table(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and any(isinstance(entry, dict) for entry in value)
    )


def _toml(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            return repr(value)
        case list():
            return f"[{', '.join(_toml(entry) for entry in value)}]"
        case dict():
            entries = ", ".join(f"{_key(key)} = {_toml(entry)}" for key, entry in value.items())
            return f"{{ {entries} }}" if entries else "{}"
        case _:
            # TOML's basic strings are JSON's, but for DEL.
            return json.dumps(str(value), ensure_ascii=False).replace("\x7f", "\\u007f")


def _key(key: str) -> str:
    return key if _BARE.fullmatch(key) else _toml(key)
