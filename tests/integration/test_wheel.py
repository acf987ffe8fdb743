"""The wheel: what it holds, and that it works far from the checkout, whatever lies in the working directory."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import sysconfig
import tempfile
import tomllib
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.testing import ServeProcess

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("runtime", "actors", "config")
PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def run(*command: str | Path, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    inherited = {
        name: text for name, text in os.environ.items() if not name.startswith(("MAJLIS_", "PYTHON"))
    }
    return subprocess.run(  # noqa: S603 - our own words
        command,
        cwd=cwd,
        env=inherited | variables,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Path]:
    """A directory outside of the checkout that the embedded servers' user may pass."""
    with tempfile.TemporaryDirectory(prefix="majlis-wheel-") as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture(scope="module")
def wheel(elsewhere: Path) -> Path:
    """The wheel of this checkout."""
    built = run(
        *PIP, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", elsewhere, CHECKOUT, cwd=elsewhere
    )
    assert built.returncode == 0, built.stderr
    (path,) = elsewhere.glob("majlis-*.whl")
    return path


@pytest.fixture(scope="module")
def majlis(elsewhere: Path, wheel: Path) -> Path:
    """The command of that wheel, installed in an environment that borrows this one's other packages."""
    home = elsewhere / "venv"
    venv.create(home, with_pip=False, symlinks=True)
    python = home / "bin" / "python"
    installed = run(*PIP, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=elsewhere)
    assert installed.returncode == 0, installed.stderr
    (site,) = home.glob("lib/python*/site-packages")
    # A .pth file named in here is not followed further, so the editable install of the checkout stays unseen.
    (site / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(python, "-c", "import runtime; print(runtime.__file__)", cwd=elsewhere)
    assert where.stdout.startswith(str(site)), where
    return home / "bin" / "majlis"


def test_it_holds_the_three_packages_with_their_data_and_nothing_else(wheel: Path) -> None:
    names = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    script = {name for name in names if ".data/scripts/" in name}
    tree = {
        str(path.relative_to(CHECKOUT))
        for package in PACKAGES
        for path in (CHECKOUT / package).rglob("*")
        if path.is_file() and not any(part.startswith((".", "__pycache__")) for part in path.parts)
    }
    assert [Path(name).name for name in script] == ["majlis"]
    assert names - script == tree
    assert {".py", ".toml", ".ftl", ".sql"} <= {Path(name).suffix for name in names}


def test_the_command_says_its_version_and_its_settings(majlis: Path, elsewhere: Path) -> None:
    version = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]
    said = run(majlis, "version", cwd=elsewhere)
    assert (said.stdout, said.stderr, said.returncode) == (f"majlis {version}\n", "", 0)
    shown = run(
        majlis, "config", "show", cwd=elsewhere, MAJLIS_DATA_DIR=str(elsewhere), MAJLIS_SERVER_PORT="9"
    )
    assert shown.returncode == 0, shown.stderr
    settings = tomllib.loads(shown.stdout)
    assert settings["data_dir"] == str(elsewhere)
    assert settings["server"]["port"] == 9


async def test_it_serves_and_stops(majlis: Path, elsewhere: Path) -> None:
    settings = elsewhere / "majlis.toml"
    settings.write_text(f'data_dir = "{elsewhere}/data"\n[server]\nport = 0\nadmin_port = 0\n')
    serve = ServeProcess(
        [str(majlis), "serve", "--config", str(settings)],
        data_dir=elsewhere / "data",
        log=elsewhere / "serve.log",
        environ={"PATH": os.environ["PATH"]},
        cwd=elsewhere,
    )
    addresses = await serve.start()
    assert set(addresses) == {"public", "admin", "operator"}
    asked = run(majlis, "status", "--config", settings, cwd=elsewhere)
    assert "phase = serving" in asked.stdout.splitlines(), asked
    assert await serve.stop(signal.SIGTERM) == 0, serve.log_tail()


@pytest.mark.parametrize("package", PACKAGES)
@pytest.mark.parametrize("stray", ["{}.py", "{}/__init__.py"])
def test_a_stray_module_is_named_and_not_a_traceback(
    majlis: Path, tmp_path: Path, package: str, stray: str
) -> None:
    file = tmp_path / stray.format(package)
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('it was imported')")
    assert run(majlis, "version", cwd=tmp_path).returncode == 0  # the working directory is not on the path
    hidden = run(majlis, "version", cwd=tmp_path, PYTHONPATH=".")
    assert hidden.returncode == 1
    (line,) = hidden.stderr.splitlines()
    assert line.startswith(
        f"majlis: ShadowedPackage: the module {package!r} is found at {tmp_path / package}"
    )
    assert str(majlis.parents[1]) in line
