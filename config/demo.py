"""The secrets of the demo: drawn at first start, kept in the data directory, the same ever after."""

import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated

import msgspec
from typing_extensions import override

from config.faults import SettingsError

FILE_NAME = "demo-secrets.json"
_Drawn = Annotated[str, msgspec.Meta(min_length=32, max_length=256)]


class DemoSecrets(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One app's secrets, shared by the demo channels as one Meta app's numbers share theirs."""

    app_secret: _Drawn
    verify_token: _Drawn
    access_token: _Drawn

    @override
    def __repr__(self) -> str:
        return "DemoSecrets(***)"


def demo_secrets(data_dir: Path, *, keep: bool = True) -> DemoSecrets:
    """Return the demo secrets kept in `data_dir`, drawing them (file mode 0600) where there are none.

    Processes that start at the same moment agree on one set. Without `keep` what is drawn is forgotten, and nothing is
    written. SettingsError when the file cannot be written, or holds something else.
    """
    path = data_dir / FILE_NAME
    try:
        if not path.exists():
            if not keep:
                return _draw()
            _create(path)
        return msgspec.json.decode(path.read_bytes(), type=DemoSecrets)
    except OSError as fault:
        raise SettingsError(f"data_dir: cannot keep the demo secrets in {path}: {fault.strerror}") from fault
    except (msgspec.ValidationError, msgspec.DecodeError):
        raise SettingsError(
            f"data_dir: {path} does not hold demo secrets; remove it to draw new ones"
        ) from None


def kept_demo_secrets(data_dir: Path) -> frozenset[str]:
    """Return the texts of the demo secrets kept in `data_dir`, none where there are none or they cannot be read."""
    try:
        kept = msgspec.json.decode((data_dir / FILE_NAME).read_bytes(), type=DemoSecrets)
    except (OSError, msgspec.ValidationError, msgspec.DecodeError):
        return frozenset()
    return frozenset(msgspec.structs.astuple(kept))


def _draw() -> DemoSecrets:
    return DemoSecrets(
        app_secret=secrets.token_hex(16),
        verify_token=secrets.token_hex(16),
        access_token=secrets.token_hex(32),
    )


def _create(path: Path) -> None:
    """Write a file beside `path` and link it there: the first to link wins, nobody sees half a file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o711)  # the embedded servers' user must pass through
    descriptor, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{FILE_NAME}.")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(_draw()))
            file.flush()
            os.fsync(file.fileno())
        os.link(beside, path)
    except FileExistsError:
        return  # another process drew them first; its set counts
    finally:
        Path(beside).unlink()
