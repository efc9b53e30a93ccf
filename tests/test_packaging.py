"""What is installed is what was locked, the lock names no registry, and the versions agree."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import distribution, distributions
from pathlib import Path

import pytest

import simcustomer

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))

# A .pth file runs at every start of Python. These may: our own editable install, and what venv itself brings.
EXPECTED_PTH = {"simcustomer": {"_simcustomer.pth"}, "setuptools": {"distutils-precedence.pth"}}


def _locked(path: Path) -> dict[str, str]:
    """Each requirement of a lock file, its continuation lines joined: name -> the rest of the line."""
    joined = re.sub(r"\\\n\s*", "", path.read_text())
    lines = [line for line in joined.splitlines() if line and not line.lstrip().startswith("#")]
    return {re.split(r"[=<>\[ ]", line, maxsplit=1)[0]: line for line in lines}


def test_litellm_brought_no_pth_file() -> None:
    """The malicious litellm 1.82.8 stole credentials from one, at every start of Python, imported or not."""
    files = distribution("litellm").files
    assert files
    assert [file for file in files if file.suffix == ".pth"] == []


def test_no_package_brought_an_unexpected_pth_file() -> None:
    """Only this project's editable install, and what a new virtual environment holds, may have one."""
    found = {
        (dist.name, file.name)
        for dist in distributions()
        for file in dist.files or ()
        if file.suffix == ".pth" and len(file.parts) == 1
    }
    assert {(name, file) for name, file in found if file not in EXPECTED_PTH.get(name, set())} == set()


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_locked_requirement_is_exact_and_hashed(path: Path) -> None:
    """One version each, at least one SHA-256, and nothing else on the line but a marker."""
    form = re.compile(r"[a-z0-9-]+==[\w.!+]+( ; [^\\]+?)? ?(--hash=sha256:[0-9a-f]{64} ?)+")
    wrong = [line for line in _locked(path).values() if not form.fullmatch(line)]
    assert wrong == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_a_lock_names_no_registry(path: Path) -> None:
    """Where packages come from is the installing machine's setting, so the file works behind any mirror."""
    assert (
        re.findall(r"https?://|file:|--index|--extra-index|--find-links|--trusted-host", path.read_text())
        == []
    )


def test_the_development_lock_holds_the_runtime_lock() -> None:
    """The tests run on exactly the versions that are served."""
    runtime, dev = (_locked(ROOT / "requirements" / name) for name in ("runtime.txt", "dev.txt"))
    assert {name: line for name, line in runtime.items() if dev.get(name) != line} == {}


@pytest.mark.parametrize("name", ["litellm", "dbos"])
def test_the_sensitive_pins_are_exact_and_installed(name: str) -> None:
    """pyproject.toml, the lock and the environment name the same single version."""
    (pin,) = [dependency for dependency in PROJECT["dependencies"] if re.match(rf"{name}\b", dependency)]
    assert re.fullmatch(rf"{name}==\d+(\.\d+)+", pin)
    assert _locked(ROOT / "requirements" / "runtime.txt")[name].startswith(f"{pin} ")
    assert pin == f"{name}=={distribution(name).version}"


def test_every_dependency_is_locked() -> None:
    """A dependency added to pyproject.toml without `make lock` is found here, not on someone's machine."""
    extras = [dependency for group in PROJECT["optional-dependencies"].values() for dependency in group]
    asked = {
        re.split(r"[=<>\[; ]", dependency, maxsplit=1)[0].lower()
        for dependency in [*PROJECT["dependencies"], *extras]
    }
    assert asked - _locked(ROOT / "requirements" / "dev.txt").keys() == {"simcustomer"}


def test_the_version_is_said_once() -> None:
    """pyproject.toml, the package and the installed metadata agree."""
    assert PROJECT["version"] == simcustomer.__version__ == distribution("simcustomer").version


def test_no_uv_lock_is_tracked() -> None:
    """uv's own lock file names a registry in every entry; requirements/*.txt are the lock."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    tracked = subprocess.run(
        [git, "ls-files", "*uv.lock"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert tracked.stdout == ""
