"""Loading: the layers laid over each other, validated once, as Settings."""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar, get_args, get_origin

import msgspec

from config.demo import demo_secrets
from config.environ import environment
from config.faults import Faults, did_you_mean
from config.layers import (
    CHANNEL_SECRETS,
    Table,
    credentials_in,
    from_environment,
    from_flags,
    leaves,
    merge,
    read_toml,
    readable,
)
from config.rules import broken_rules
from config.settings import CHANNEL_DEFAULTS, CHANNEL_NEEDS, Channel, Secret, Settings, dec_hook

_S = TypeVar("_S", bound=msgspec.Struct)
_HERE = Path(__file__).parent


def load(
    *,
    config: Path | None = None,
    environ: Mapping[str, str] | None = None,
    flags: Mapping[str, object] | None = None,
    demo: bool = False,
    keep: bool = True,
) -> Settings:
    """Return the effective settings: defaults < demo.toml (`demo`) < TOML < environment < flags.

    `config`: the TOML file, else the one `MAJLIS_CONFIG` names, else none. `flags`: dotted path to value,
    None for a flag not given. SettingsError names every fault found.
    Reads files and may create the demo secrets, with `keep`; changes nothing else, so it may be called again at any time.
    """
    environ = environment() if environ is None else environ
    faults = Faults()
    merged = read_toml(_HERE / "default.toml", faults)
    if demo:
        merged = merge(merged, read_toml(_HERE / "demo.toml", faults))
    if config is None and environ.get("MAJLIS_CONFIG"):
        config = Path(environ["MAJLIS_CONFIG"])
    if config is not None:
        merged = merge(merged, read_toml(config, faults, credentials_in(environ)))
    if "demo" in merged:
        faults.add("demo", "is a flag, not a setting: start with --demo")
    merged = merge(merged, from_environment(environ, merged, faults))
    merged = merge(merged, from_flags(flags or {}, faults))
    merged["data_dir"] = _data_dir(merged.get("data_dir"), environ, faults)
    merged["demo"] = demo
    if demo:
        faults.raise_if_any()
        _fill_demo_secrets(merged, keep)
    settings = _table(Settings, merged, "", faults)
    if settings is not None:
        for path, wrong in broken_rules(settings):
            faults.add(path, wrong)
    faults.raise_if_any()
    assert settings is not None  # noqa: S101 - else there was a fault
    return settings


def _data_dir(given: object, environ: Mapping[str, str], faults: Faults) -> object:
    """Return the data directory as an absolute path; what is no path stays as it is, to be found at fault."""
    home = environ.get("HOME", "")
    if given is None:
        base = Path(environ.get("XDG_DATA_HOME") or (home and f"{home}/.local/share"))
        if os.geteuid() == 0:
            base = Path("/var/lib")
        elif not base.is_absolute():
            faults.add("data_dir", "no home directory is known; set data_dir or MAJLIS_DATA_DIR")
        return base / "majlis"
    if not isinstance(given, str | Path) or not str(given).strip():
        return given
    if home and Path(given).parts[:1] == ("~",):
        return Path(home, *Path(given).parts[1:])
    return Path(given).absolute()


def _fill_demo_secrets(merged: Table, keep: bool) -> None:
    """Give the drawn secrets to the channels that lack them."""
    channels, data_dir = merged.get("channels"), merged["data_dir"]
    if not isinstance(channels, list) or not isinstance(data_dir, Path):
        return
    drawn = msgspec.structs.asdict(demo_secrets(data_dir, keep=keep))
    merged["channels"] = [
        drawn | channel if isinstance(channel, dict) and _is_metas(channel) else channel
        for channel in channels
    ]


def _is_metas(channel: Table) -> bool:
    """Whether a channel is Meta's, or says of nobody whose it is."""
    return channel.get("provider") not in CHANNEL_NEEDS.keys() - {"meta"}


def _table(kind: type[_S], raw: object, where: str, faults: Faults) -> _S | None:
    """Return the struct that the table holds; None when it has faults, which are noted with their paths."""
    if not isinstance(raw, dict):
        faults.add(where, "expected a table of settings")
        return None
    before = len(faults)
    known = {field.name: field for field in msgspec.structs.fields(kind)}
    for key in [key for key in raw if key not in known]:
        faults.add(_path(where, key), f"unknown setting{_nearest(key, where, known)}")
    needs, strange = _of_provider(raw) if kind is Channel else ((), ())
    for key in strange:
        faults.add(_path(where, key), f"is no setting of a channel at {raw['provider']}")
    values = {}
    for key, field in known.items():
        if key in raw:
            values[key] = _value(field.type, raw[key], _path(where, key), faults)
        elif field.required or key in needs:
            instead = f" (or {key}_file)" if key in CHANNEL_SECRETS else ""
            faults.add(_path(where, key), f"is missing{instead}")
        elif kind is Channel and key in (defaults := CHANNEL_DEFAULTS.get(str(raw.get("provider")), {})):
            values[key] = defaults[key]
    return kind(**values) if len(faults) == before else None


def _of_provider(channel: Table) -> tuple[Sequence[str], Sequence[str]]:
    """Return what a channel needs at its provider, and what it has that belongs to another one's."""
    provider = channel.get("provider")
    if not isinstance(provider, str) or provider not in CHANNEL_NEEDS:
        return (), ()
    needs = CHANNEL_NEEDS[provider]
    others = {key for keys in CHANNEL_NEEDS.values() for key in keys} - {*needs, "api_url"}
    return needs, [key for key in channel if key in others]


def _value(kind: object, raw: object, where: str, faults: Faults) -> object:
    """Return `raw` as a value of type `kind`; a fault and nothing useful when it is none."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return _table(kind, raw, where, faults)
    plain = get_args(kind)[0] if hasattr(kind, "__metadata__") else kind
    if get_origin(plain) is tuple:
        entry = get_args(plain)[0]
        if not isinstance(raw, list) and entry is Secret:
            raw = [raw]
        if isinstance(entry, type) and issubclass(entry, msgspec.Struct):
            if not isinstance(raw, list):
                faults.add(where, f"expected an array of tables, [[{where}]]")
                return None
            return tuple(_table(entry, one, f"{where}[{index}]", faults) for index, one in enumerate(raw))
    if get_origin(plain) is dict and isinstance(raw, dict):  # so that each entry is told by its own path
        name, inner = get_args(plain)
        return {
            _value(name, key, where, faults): _value(inner, value, _path(where, key), faults)
            for key, value in raw.items()
        }
    try:
        return msgspec.convert(raw, kind, dec_hook=dec_hook)
    except msgspec.ValidationError as fault:
        wrong, _, place = str(fault).partition(" - at `$")
        faults.add(where + place.rstrip("`"), readable(wrong, kind, raw))
        return None


def _path(where: str, key: str) -> str:
    name = key if re.fullmatch(r"[\w-]+", key) else repr(key)
    return f"{where}.{name}" if where else name


def _nearest(key: str, where: str, known: Mapping[str, object]) -> str:
    """Hint at the key's nearest neighbour in its own table, else at the same key in another section."""
    sections = {path[-1]: ".".join(path) for path, _ in leaves()}
    if not where and key in sections:
        return f" (did you mean {sections[key]}?)"
    files = (f"{secret}_file" for secret in (*CHANNEL_SECRETS, "url") if secret in known)
    return did_you_mean(key, (*known, *files), f"{where}." if where else "")
