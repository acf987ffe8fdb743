"""The layers a setting may come from: TOML files, the environment, flags; each read into plain nested dicts.

Secrets that stand in files of their own (`app_secret_file`, `MAJLIS_POSTGRES_URL_FILE`) are read here; a bare name is a
credential, where the supervisor gives one of that name, else a file beside the one that names it. Knows which names
exist, not which values are good: that is loading.py's.
"""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Literal, get_args, get_origin

import msgspec

from config.faults import Faults, SettingsError, did_you_mean
from config.settings import Settings, dec_hook

Table = dict[str, object]

PREFIX = "MAJLIS_"
_CONFIG = "MAJLIS_CONFIG"  # names the TOML file; loading.py reads it
_NO_SETTINGS = (_CONFIG, "MAJLIS_CACHE_DIR")  # the latter is read by the single binary before it is Majlis
CHANNEL_SECRETS = ("app_secret", "verify_token", "access_token", "auth_token", "hmac_key", "api_key")
_SEVERAL = ("app_secret", "auth_token", "hmac_key")  # while one is rotated
_SECRETS = (("postgres", "url"), ("redis", "url"), ("brain", "api_key"))
_FLAG_ONLY = "demo"
_FILE_LIMIT = 4 * 1024 * 1024  # bytes of a TOML file
_SECRET_LIMIT = 64 * 1024  # bytes of a secret's file


def merge(lower: Table, upper: Table) -> Table:
    """Return `lower` overlaid with `upper`: tables key by key, anything else (lists too) as a whole."""
    merged = dict(lower)
    for key, value in upper.items():
        below = merged.get(key)
        if isinstance(value, dict) and key in merged:
            # What stands where a table belongs stays, to be found at fault, not hidden by a layer above.
            merged[key] = merge(below, value) if isinstance(below, dict) else below
        else:
            merged[key] = value
    return merged


def read_toml(path: Path, faults: Faults, credentials: Path | None = None) -> Table:
    """Return the file's tables, secrets' files read in. SettingsError when it is unreadable or no TOML.

    `credentials`: the directory of the supervisor's credentials (systemd's LoadCredential=).
    """
    try:
        with path.open("rb") as file:
            text = file.read(_FILE_LIMIT + 1)
        if len(text) > _FILE_LIMIT:
            raise SettingsError(f"{path}: is larger than {_FILE_LIMIT} bytes")
        table: Table = tomllib.loads(text.decode())
    except OSError as fault:
        raise SettingsError(f"{path}: cannot be read: {fault.strerror}") from fault
    except RecursionError:
        raise SettingsError(f"{path}: is not TOML: nested too deeply") from None
    except (
        ValueError
    ) as fault:  # TOMLDecodeError and UnicodeDecodeError among them; the latter would quote the file
        wrong = (
            str(fault) if isinstance(fault, tomllib.TOMLDecodeError) else "not UTF-8, or a number too long"
        )
        raise SettingsError(f"{path}: is not TOML: {wrong}") from None
    find = partial(_secret_place, base=path.parent, credentials=credentials)
    for section, key in _SECRETS:
        _take_secret_file(table.get(section), key, section, find, faults)
    channels = table.get("channels")
    for index, channel in enumerate(channels if isinstance(channels, list) else ()):
        for key in CHANNEL_SECRETS:
            _take_secret_file(channel, key, f"channels[{index}]", find, faults)
    return table


def _secret_place(named: str, base: Path, credentials: Path | None) -> Path:
    """Return where a secret is: a bare name may be a credential; anything else is a path from `base`."""
    if credentials is None or Path(named).name != named:
        return base / named
    try:
        given = (credentials / named).exists()
    except OSError:  # it is there and not ours to read: said when it is read
        given = True
    return (credentials if given else base) / named


def _take_secret_file(
    table: object, key: str, where: str, find: Callable[[str], Path], faults: Faults
) -> None:
    """Replace `KEY_file` in the table by `KEY` and the file's text; one of `_SEVERAL` may be a list."""
    if not isinstance(table, dict) or f"{key}_file" not in table:
        return
    named = table.pop(f"{key}_file")
    if key in table:
        faults.add(f"{where}.{key}_file", f"{key} is given as well; give one of the two")
    elif isinstance(named, str):
        table[key] = read_secret(find(named), f"{where}.{key}_file", faults)
    elif key in _SEVERAL and isinstance(named, list) and all(isinstance(name, str) for name in named):
        table[key] = [
            read_secret(find(name), f"{where}.{key}_file[{index}]", faults)
            for index, name in enumerate(named)
        ]
    else:
        faults.add(f"{where}.{key}_file", "expected the path of a file")


def read_secret(path: Path, where: str, faults: Faults) -> str:
    """Return the text of a secret's file without its line end; "" and a fault at `where` when unreadable."""
    try:
        with path.open("rb") as file:
            text = file.read(_SECRET_LIMIT + 1).decode()
    except OSError as fault:
        faults.add(where, f"{path} cannot be read: {fault.strerror}")
        return ""
    except ValueError:  # not UTF-8, or a NUL in the path
        faults.add(where, "is not a text file")
        return ""
    text = text.rstrip("\r\n")
    if not text or len(text) > _SECRET_LIMIT:
        faults.add(where, f"{path} is {'too large' if text else 'empty'}")
        return ""
    return text


def leaves() -> Iterator[tuple[tuple[str, ...], object]]:
    """Yield path and type of every setting with a name of its own: all but tenants, channels and `demo`."""
    for field in msgspec.structs.fields(Settings):
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct):
            yield from (((field.name, leaf.name), leaf.type) for leaf in msgspec.structs.fields(field.type))
        elif field.name not in {"tenants", "channels", _FLAG_ONLY}:
            yield (field.name,), field.type


def from_environment(environ: Mapping[str, str], below: Table, faults: Faults) -> Table:
    """Return the layer of the `MAJLIS_*` variables. `below`: the layers under it, which name the channels.

    A channel's secrets are `MAJLIS_CHANNELS_<PROVIDER>_<NAME or ID>_APP_SECRET` and so on. Any name of a secret may
    end in `_FILE`. A variable no setting has, and one that cannot be converted, is a fault.
    """
    settable = {_variable(*path): (path, kind) for path, kind in leaves()}
    channels = _copied(below.get("channels"))
    secrets = _channel_variables(channels)
    texts = {
        name: text for name, text in environ.items() if name.startswith(PREFIX) and name not in _NO_SETTINGS
    }
    for name in [name for name in texts if name.endswith("_FILE")]:
        target = name.removesuffix("_FILE")
        if target in secrets or settable.get(target, ((),))[0] in _SECRETS:
            if target in texts:
                faults.add(name, f"{target} is set as well; set one of the two")
            place = _secret_place(texts.pop(name), Path(), credentials_in(environ))
            texts[target] = read_secret(place, name, faults)
    layer: Table = {"channels": channels} if secrets.keys() & texts.keys() else {}
    for name, text in texts.items():
        if name in settable:
            path, kind = settable[name]
            try:
                layer = merge(layer, _at(path, msgspec.convert(text, kind, strict=False, dec_hook=dec_hook)))
            except msgspec.ValidationError as fault:
                faults.add(
                    f"{'.'.join(path)} ({name})", readable(str(fault).partition(", got")[0], kind, text)
                )
        elif name in secrets:
            channel, key = secrets[name]
            channel[key] = text
        else:
            known = (variable.removeprefix(PREFIX) for variable in (*settable, *secrets, *_NO_SETTINGS))
            faults.add(name, f"unknown setting{did_you_mean(name.removeprefix(PREFIX), known, PREFIX)}")
    return layer


def credentials_in(environ: Mapping[str, str]) -> Path | None:
    """Return the directory of the supervisor's credentials, where there is one."""
    named = environ.get("CREDENTIALS_DIRECTORY")
    return Path(named) if named else None


def _variable(*path: str) -> str:
    return PREFIX + "_".join(re.sub(r"\W", "_", part) for part in path).upper()


def _copied(channels: object) -> list[object]:
    entries = channels if isinstance(channels, list) else []
    return [dict(entry) if isinstance(entry, dict) else entry for entry in entries]


def _channel_variables(channels: list[object]) -> dict[str, tuple[Table, str]]:
    """Return the variables that may hold a secret of one of the channels, each with its table and key."""
    return {
        _variable("channels", str(channel.get("provider")), _called(channel), key): (channel, key)
        for channel in channels
        if isinstance(channel, dict)
        for key in CHANNEL_SECRETS
    }


def _called(channel: Table) -> str:
    return str(channel.get("name", channel.get("id")))


def _at(path: tuple[str, ...], value: object) -> Table:
    return {path[0]: _at(path[1:], value) if path[1:] else value}


def from_flags(flags: Mapping[str, object], faults: Faults) -> Table:
    """Return the layer of the flags, given by dotted path. None: the flag was not given."""
    known = {".".join(path): path for path, _ in leaves()}
    layer: Table = {}
    for name, value in flags.items():
        if name not in known:
            faults.add(name, f"unknown setting{did_you_mean(name, known)}")
        elif value is not None:
            layer = merge(layer, _at(known[name], value))
    return layer


def readable(wrong: str, kind: object, raw: object) -> str:
    """Turn msgspec's message about `raw`, which should be a `kind`, into our own words, without the value."""
    described = [meta.description for meta in getattr(kind, "__metadata__", ()) if meta.description]
    if described:
        return f"expected {described[0]}"
    if get_origin(kind) is Literal:
        choices = [str(choice) for choice in get_args(kind)]
        return f"must be one of {', '.join(choices)}{did_you_mean(str(raw), choices)}"
    return wrong.replace("`", "").replace("Expected", "expected", 1)
