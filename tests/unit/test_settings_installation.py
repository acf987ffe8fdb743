"""A user's module under the name of one of our packages is told by name at start."""

import subprocess
import sys
from pathlib import Path

import pytest

import config
from config import ShadowedPackage, check_packages

HOME = Path(config.__file__).parent.parent
# As the command starts: by path, so that it also works where `config` is the package that is hidden.
BY_PATH = f"import runpy; runpy.run_path({str(HOME / 'config' / 'installation.py')!r})['check_packages']()"


def start(code: str, first: Path) -> subprocess.CompletedProcess[str]:
    program = f"import sys; sys.path[:0] = [{str(first)!r}, {str(HOME)!r}]; {code}"
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", program], cwd=first, capture_output=True, text=True, timeout=30, check=False
    )


def test_our_own_packages_pass(tmp_path):
    check_packages()
    assert start(BY_PATH, tmp_path).returncode == 0


@pytest.mark.parametrize("package", ["runtime", "actors", "config"])
@pytest.mark.parametrize("stray", ["{}.py", "{}/__init__.py"])
def test_a_stray_module_or_package_is_told_with_both_places(tmp_path, package, stray):
    file = tmp_path / stray.format(package)
    file.parent.mkdir(exist_ok=True)
    file.write_text("raise SystemExit('the check imported it')")
    done = start(BY_PATH, tmp_path)
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert f"ShadowedPackage: the module {package!r} is found at {tmp_path / package}" in last
    assert str(HOME / package) in last


def test_the_check_also_runs_from_the_package(tmp_path):
    (tmp_path / "runtime.py").write_text("")
    done = start("import config; config.check_packages()", tmp_path)
    assert "config.installation.ShadowedPackage: " in done.stderr


def test_a_folder_that_is_no_package_hides_nothing(tmp_path):
    (tmp_path / "actors").mkdir()
    assert start(BY_PATH, tmp_path).returncode == 0


def test_a_package_that_is_missing_is_told_too(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ShadowedPackage, match="'runtime' is found at no place at all") as caught:
        check_packages()
    assert isinstance(caught.value, ImportError)
    assert caught.value.name == "runtime"


def test_an_interrupt_while_the_packages_are_loaded_ends_without_a_traceback(tmp_path):
    (tmp_path / "ctrl_c.py").write_text(
        "def find_spec(name, path, target=None):\n"
        "    if name == 'actors.commands':\n"
        "        raise KeyboardInterrupt\n"
    )
    done = start("import ctrl_c, actors.cli; sys.meta_path.insert(0, ctrl_c); actors.cli.main()", tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")
