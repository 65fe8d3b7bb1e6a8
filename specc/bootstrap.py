"""One command from a fresh Debian or Ubuntu machine to the guidelines PDF, or to the passed tests.

    python3 -m specc.bootstrap report    set up, then write the guidelines for specs/kws.hwspec
    python3 -m specc.bootstrap test      set up with the development tools, then run the tests

It needs a checkout of specc and Python 3.11 or newer, and imports nothing but the standard library. It makes `.venv`,
installs specc into it, and installs missing system packages where it may: as root, or by sudo without a password.
A second run finds the work done and starts at once. Logs go to `build/bootstrap.log`.

Exit status: `report` gives 0 once the PDF is written and 1 where it is not (without Pango, HTML is still written);
`test` gives the status of pytest; 1 where the set-up fails, 2 for wrong usage.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = ROOT / "build" / "bootstrap.log"
STAMP = VENV / "specc-setup.json"  # what was installed, written last
UNFINISHED = VENV / "specc-setup.unfinished"  # there while an installation runs; left behind, the work was cut off

OLDEST_PYTHON = (3, 11)
SPEC = "specs/kws.hwspec"

# The libraries WeasyPrint loads (its manual, "First Steps", Linux) and the Debian packages that hold them.
PDF_LIBRARIES = {
    "libpango-1.0.so.0": "libpango-1.0-0",
    "libpangoft2-1.0.so.0": "libpangoft2-1.0-0",
    "libharfbuzz-subset.so.0": "libharfbuzz-subset0",
}

# The browser that the tests of the dashboard run in, by program; without it they are skipped.
TEST_PROGRAMS = {"chromium": "chromium", "chromedriver": "chromium-driver"}


class SetupError(Exception):
    """The set-up cannot go on; the message says why and what to do."""


def main(arguments: Sequence[str]) -> int:
    """Run one of the two commands; the return value is the exit status."""
    if not arguments or arguments[0] not in ("report", "test") or (arguments[0] == "report" and len(arguments) > 1):
        print("usage: python3 -m specc.bootstrap report\n       python3 -m specc.bootstrap test [PYTEST ARGUMENT...]")
        return 0 if list(arguments) in (["-h"], ["--help"]) else 2
    try:
        with_pdf = set_up(["dev"] if arguments[0] == "test" else [])
        return run_tests(arguments[1:]) if arguments[0] == "test" else write_report(with_pdf)
    except SetupError as error:
        say(str(error))
        return 1
    except OSError as error:
        say(f"the set-up failed: {error}")
        return 1
    except KeyboardInterrupt:
        say("interrupted; run the same command again to go on")
        return 130


def say(message: str) -> None:
    """Print one line of progress."""
    print(f"specc: {message}", file=sys.stderr, flush=True)


def set_up(extras: Sequence[str]) -> bool:
    """Bring `.venv` and the system packages up to date; true if the libraries for the PDF are there.

    Raises:
        SetupError: the environment cannot be made.
    """
    if sys.version_info < OLDEST_PYTHON:
        raise SetupError(_python_too_old())
    if not (ROOT / "pyproject.toml").is_file():
        raise SetupError(f"specc.bootstrap sets up a checkout, and {ROOT} has no pyproject.toml")
    LOG.parent.mkdir(exist_ok=True)
    with _only_one():
        _install_system_packages()
        if "dev" in extras and not _has_extras(["dev"]):
            _install_test_programs()
        _make_environment()
        _install_project(extras)
    missing = _missing_libraries()
    if missing:
        say(f"no PDF: {', '.join(missing)} missing; run: {_apt_line([PDF_LIBRARIES[name] for name in missing])}")
    return not missing


def write_report(with_pdf: bool) -> int:
    """Run `specc report` on the example and say where the guidelines are."""
    command = [str(PYTHON), "-m", "specc", "report", SPEC, "--no-gate"]
    if not with_pdf:
        command.append("--html-only")
    say(f"specc report {SPEC}")
    written: list[str] = []
    with subprocess.Popen(command, cwd=ROOT, env=_environment(), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            written.append(line.strip())
    documents = {path.suffix: path for path in (ROOT / name for name in written if name) if path.is_file()}
    if process.returncode == 0 and ".pdf" in documents:
        say(f"the guidelines are in {documents['.pdf']}")
        return 0
    if process.returncode == 0 and ".html" in documents:
        say(f"without the PDF, the guidelines are in {documents['.html']}")
        return 1
    say(f"specc report ended with status {process.returncode} and wrote no guidelines")
    return 1


def run_tests(arguments: Sequence[str]) -> int:
    """Run pytest; the slow proofs only where `CI` is set, as they take minutes."""
    command = [str(PYTHON), "-m", "pytest", "-n", "2"]
    if os.environ.get("CI", "") in ("", "0", "false"):
        command += ["-m", "not slow"]
    status = subprocess.run([*command, *arguments], cwd=ROOT, env=_environment(), check=False).returncode
    return status if status >= 0 else 128 - status  # killed by a signal: as a shell reports it


def _python_too_old() -> str:
    have = ".".join(str(part) for part in sys.version_info[:3])
    newer = [name for name in (f"python3.{minor}" for minor in range(20, 10, -1)) if shutil.which(name)]
    instead = f"run: {newer[0]} -m specc.bootstrap" if newer else "install Python 3.11 or newer"
    return f"Python {have} is too old: specc needs 3.11 or newer; {instead}"


@contextmanager
def _only_one() -> Iterator[None]:
    """Let a second set-up in the same checkout wait for the first."""
    with (LOG.parent / "bootstrap.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up of this checkout")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _environment() -> dict[str, str]:
    """The caller's environment without what would redirect Python or pip away from `.venv`."""
    redirecting = {"VIRTUAL_ENV", "__PYVENV_LAUNCHER__", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_PYTHON"}
    kept = {k: v for k, v in os.environ.items() if k not in redirecting and not k.startswith("PYTHON")}
    return {**kept, "PIP_USER": "0"}


# --- system packages ---


def _missing_libraries() -> list[str]:
    # In a process of its own: the loader reads its cache once, and would not see what was installed since.
    loader = "import ctypes, sys\nfor n in sys.argv[1:]:\n try: ctypes.CDLL(n)\n except OSError: print(n)"
    command = [sys.executable, "-c", loader, *PDF_LIBRARIES]
    return subprocess.run(command, env=_environment(), check=True, stdout=subprocess.PIPE, text=True).stdout.split()


def _can_make_environment() -> bool:
    return _usable() or importlib.util.find_spec("ensurepip") is not None


def _venv_package() -> str:
    return f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"


def _install_system_packages() -> None:
    packages = [PDF_LIBRARIES[name] for name in _missing_libraries()]
    if not _can_make_environment():
        packages.insert(0, _venv_package())
    _install(packages)


def _install_test_programs() -> None:
    """Tried once, and apart from the libraries: not every system that has apt-get has these packages."""
    _install([package for program, package in TEST_PROGRAMS.items() if shutil.which(program) is None])


def _install(packages: Sequence[str]) -> None:
    """Install packages in one go where that is allowed; a failure is no error yet, as the set-up may do without."""
    if not packages or shutil.which("apt-get") is None:
        return
    as_root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    if as_root and (
        shutil.which("sudo") is None
        or subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode
    ):
        return
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    say(f"installing system packages: {' '.join(packages)}")
    try:
        _logged([*apt, "update"], "apt-get update")
        _logged([*apt, "install", "-y", "--no-install-recommends", *packages], "apt-get install")
    except SetupError as error:
        say(str(error))


def _apt_line(packages: Sequence[str]) -> str:
    return f"sudo apt-get install {' '.join(packages)}"


# --- the environment ---


def _make_environment() -> None:
    if VENV.is_symlink() or VENV.is_file():
        raise SetupError(f"{VENV} is not a folder; move it away and run the same command again")
    if VENV.exists() and not _usable():
        say("removing a .venv that is broken or half made")
        shutil.rmtree(VENV)
    if VENV.exists():
        return
    without_pip = importlib.util.find_spec("ensurepip") is None
    if without_pip and not (importlib.util.find_spec("venv") and importlib.util.find_spec("pip")):
        packages = [_venv_package(), *(PDF_LIBRARIES[name] for name in _missing_libraries())]
        raise SetupError(f"this Python cannot make a virtual environment; run: {_apt_line(packages)}, then this again")
    say("making .venv")
    VENV.mkdir()
    UNFINISHED.touch()
    _logged([sys.executable, "-m", "venv", *(["--without-pip"] if without_pip else []), str(VENV)], "python -m venv")


def _usable() -> bool:
    """Whether `.venv` is whole, runs, and belongs to this place: its scripts hold absolute paths."""
    if UNFINISHED.exists() or not PYTHON.exists():
        return False
    question = "import sys; print(sys.prefix, *sys.version_info[:2], sep='\\n')"
    try:
        answer = subprocess.run(
            [str(PYTHON), "-c", question], env=_environment(), check=False, capture_output=True, text=True
        ).stdout.splitlines()
    except OSError:
        return False
    if len(answer) != 3 or (int(answer[1]), int(answer[2])) < OLDEST_PYTHON:
        return False
    return _stamp().get("root", str(ROOT)) == str(ROOT)


def _stamp() -> dict[str, object]:
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def _installed_extras() -> list[str]:
    extras = _stamp().get("extras")
    return extras if isinstance(extras, list) else []


def _has_extras(extras: Sequence[str]) -> bool:
    return set(extras) <= set(_installed_extras())


def _install_project(extras: Sequence[str]) -> None:
    project = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if _stamp().get("pyproject") == project and _has_extras(extras):
        return
    extras = sorted({*extras, *_installed_extras()})
    UNFINISHED.touch()
    STAMP.unlink(missing_ok=True)
    requirement = f".[{','.join(extras)}]" if extras else "."
    say(f"installing specc{' with its development tools' if extras else ''} into .venv (takes minutes the first time)")
    try:
        _logged([*_pip(), "install", "--disable-pip-version-check", "--editable", requirement], "pip install")
    except SetupError:
        UNFINISHED.unlink()  # pip undoes what it could not finish: .venv is as good as before
        raise
    STAMP.write_text(json.dumps({"root": str(ROOT), "pyproject": project, "extras": extras}), encoding="utf-8")
    UNFINISHED.unlink()


def _pip() -> list[str]:
    if any(VENV.glob("lib/python3.*/site-packages/pip")):
        return [str(PYTHON), "-m", "pip"]
    if importlib.util.find_spec("pip") is None:
        raise SetupError(f"{VENV} has no pip; remove it and run the same command again")
    return [sys.executable, "-m", "pip", "--python", str(PYTHON)]


def _logged(command: Sequence[str], name: str) -> None:
    """Run a command with its output in the log.

    Raises:
        SetupError: it cannot be started or ends with another status than 0; the message holds the end of its output.
    """
    with LOG.open("ab") as log:
        log.write(f"\n$ {' '.join(command)}\n".encode(errors="surrogateescape"))
        log.flush()
        start = log.tell()
        status = subprocess.run(
            command, cwd=ROOT, env=_environment(), check=False, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        ).returncode
    if status:
        with LOG.open("rb") as log:
            log.seek(start)
            tail = log.read().decode(errors="replace").strip().splitlines()[-12:]
        end = "\n".join(f"  | {line}" for line in tail)
        raise SetupError(f"{name} ended with status {status}; all of its output is in {LOG}\n{end}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
