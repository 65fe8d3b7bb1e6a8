"""The set-up command on a small project of its own that needs no download, with stand-ins for apt-get and sudo."""

import fcntl
import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
MOCKS = ROOT / "tests" / "mock_commands"

# A build backend within the project: pip installs it without asking any index.
BACKEND = """
import base64, hashlib, pathlib, zipfile

def build_editable(folder, config_settings=None, metadata_directory=None):
    name = "specc-0-py3-none-any.whl"
    with zipfile.ZipFile(pathlib.Path(folder) / name, "w") as wheel:
        wheel.writestr("specc.pth", str(pathlib.Path.cwd()) + "\\n")
        wheel.writestr("specc-0.dist-info/METADATA", "Metadata-Version: 2.1\\nName: specc\\nVersion: 0\\n"
                       "Provides-Extra: dev\\n")
        wheel.writestr("specc-0.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("specc-0.dist-info/RECORD", "")
    return name
"""
PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
"""
# Stands in for the command line: writes the documents where the real one does, and shows what reached it.
COMMAND_LINE = """
import os, pathlib, sys
leaked = sorted({"PYTHONPATH", "PYTHONWARNINGS", "VIRTUAL_ENV", "PIP_TARGET"} & set(os.environ))
print("leaked:", *leaked)
print("prefix:", sys.prefix)
if os.environ.get("MOCK_REPORT_STATUS"):
    sys.exit(int(os.environ["MOCK_REPORT_STATUS"]))
for ending in ("html",) if "--html-only" in sys.argv else ("pdf", "html"):
    path = pathlib.Path("build/kws/guidelines." + ending)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("guidelines")
    print(path)
"""
PYTEST = "import sys; print('arguments:', *sys.argv[1:]); sys.exit(3)"


def make_checkout(folder: Path) -> Path:
    (folder / "specc").mkdir(parents=True)
    shutil.copy(ROOT / "specc" / "bootstrap.py", folder / "specc")
    (folder / "specc" / "__init__.py").touch()
    (folder / "specc" / "__main__.py").write_text(COMMAND_LINE, encoding="utf-8")
    (folder / "backend.py").write_text(BACKEND, encoding="utf-8")
    (folder / "pytest.py").write_text(PYTEST, encoding="utf-8")
    (folder / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    return folder


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    return make_checkout(tmp_path / "new folder" / "specc")


@pytest.fixture
def machine(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """`specc.bootstrap` of the small checkout, on a machine with the PDF libraries and an ordinary user."""
    spec = importlib.util.spec_from_file_location("bootstrap_under_test", checkout / "specc" / "bootstrap.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "PDF_LIBRARIES", {"libc.so.6": "libc6"})
    monkeypatch.setattr(module, "TEST_PROGRAMS", {})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setenv("MOCK_LOG", str(checkout / "calls"))
    monkeypatch.setenv("MOCK_SUDO_STATUS", "1")
    monkeypatch.setenv("PATH", str(MOCKS), prepend=os.pathsep)
    return module


@pytest.fixture
def without_ensurepip(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in ("ensurepip", "pip") else real(name))


def calls(checkout: Path) -> list[str]:
    log = checkout / "calls"
    return log.read_text(encoding="utf-8").splitlines() if log.exists() else []


def environment_with_failing_pip(checkout: Path) -> None:
    folder = checkout / ".venv" / "bin"
    folder.mkdir(parents=True)
    shutil.copy(MOCKS / "python", folder)
    (checkout / ".venv" / "lib" / "python3.11" / "site-packages" / "pip").mkdir(parents=True)


# --- the whole way, with a real environment ---


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout on which `report` has run once."""
    if importlib.util.find_spec("ensurepip") is None:
        pytest.skip("this Python has no ensurepip to make environments with")
    checkout = make_checkout(tmp_path_factory.mktemp("fresh") / "new folder" / "specc")
    done = run(checkout, "report")
    assert done.returncode in (0, 1), done.stderr
    assert "making .venv" in done.stderr
    return checkout


def run(checkout: Path, *arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    environment = {
        **os.environ,
        "PATH": f"{MOCKS}{os.pathsep}{os.environ['PATH']}",
        "MOCK_LOG": str(checkout / "calls"),
        "PIP_NO_INDEX": "1",
        **variables,
    }
    command = [sys.executable, "-m", "specc.bootstrap", *arguments]
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=False)


def has_pdf_libraries(checkout: Path) -> bool:
    return not [line for line in calls(checkout) if "libpango" in line]


def test_report_says_where_the_guidelines_are(finished: Path) -> None:
    done = run(finished, "report")
    ending = "pdf" if has_pdf_libraries(finished) else "html"
    assert str(finished / "build" / "kws" / f"guidelines.{ending}") in done.stderr.splitlines()[-1]
    assert done.returncode == (0 if ending == "pdf" else 1)
    assert f"prefix: {finished / '.venv'}" in done.stdout


def test_a_second_run_installs_nothing(finished: Path) -> None:
    log = finished / "build" / "bootstrap.log"
    stamp = finished / ".venv" / "specc-setup.json"
    run(finished, "report")
    before = (stamp.stat().st_mtime_ns, log.read_bytes().count(b"pip install"))
    done = run(finished, "report")
    assert "installing specc" not in done.stderr
    assert (stamp.stat().st_mtime_ns, log.read_bytes().count(b"pip install")) == before


def test_the_callers_python_settings_do_not_leak_in(finished: Path, tmp_path: Path) -> None:
    done = run(finished, "report", PYTHONPATH=str(tmp_path), PYTHONWARNINGS="ignore", VIRTUAL_ENV="/x", PIP_TARGET="/y")
    assert "leaked:\n" in done.stdout


def test_a_report_that_fails_is_a_failure(finished: Path) -> None:
    done = run(finished, "report", MOCK_REPORT_STATUS="1")
    assert done.returncode == 1
    assert "wrote no guidelines" in done.stderr


def test_test_adds_the_development_tools_and_ends_as_pytest_does(finished: Path) -> None:
    done = run(finished, "test", "-k", "units", CI="")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1] == "arguments: -n 2 -m not slow -k units", "nothing follows pytest's output"
    assert json.loads((finished / ".venv" / "specc-setup.json").read_text())["extras"] == ["dev"]
    assert run(finished, "test", CI="true").stdout.splitlines()[-1] == "arguments: -n 2"
    run(finished, "report")
    assert json.loads((finished / ".venv" / "specc-setup.json").read_text())["extras"] == ["dev"], "and keeps them"


def test_changed_requirements_are_installed(finished: Path) -> None:
    (finished / "pyproject.toml").write_text(PYPROJECT + "\n# changed\n", encoding="utf-8")
    assert "installing specc" in run(finished, "report").stderr
    assert "installing specc" not in run(finished, "report").stderr


def test_an_interrupted_environment_is_made_again(finished: Path) -> None:
    (finished / ".venv" / "specc-setup.unfinished").touch()
    leftover = finished / ".venv" / "leftover"
    leftover.touch()
    done = run(finished, "report")
    assert "broken or half made" in done.stderr
    assert "prefix:" in done.stdout
    assert not leftover.exists()


def test_a_second_set_up_waits_for_the_first(finished: Path) -> None:
    with (finished / "build" / "bootstrap.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = [sys.executable, "-m", "specc.bootstrap", "report"]
        environment = {**os.environ, "PATH": f"{MOCKS}{os.pathsep}{os.environ['PATH']}", "MOCK_LOG": os.devnull}
        with subprocess.Popen(
            command, cwd=finished, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as waiting:
            assert waiting.stderr is not None
            assert "waiting for another set-up" in waiting.stderr.readline()
            assert waiting.poll() is None
            fcntl.flock(lock, fcntl.LOCK_UN)
            output, _ = waiting.communicate(timeout=60)
    assert "prefix:" in output


# --- what the machine lacks ---


def test_an_old_python_gets_one_line(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 4, "final", 0))
    assert machine.main(["report"]) == 1
    output = capsys.readouterr().err
    assert output.startswith("specc: Python 3.10.4 is too old: specc needs 3.11 or newer; ")
    assert output.count("\n") == 1
    assert not (checkout / ".venv").exists()


@pytest.mark.usefixtures("without_ensurepip")
def test_without_rights_the_exact_command_is_named(
    machine: ModuleType, checkout: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.PDF_LIBRARIES = {"libnot-there.so.9": "libnot-there9"}
    assert machine.main(["report"]) == 1
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert f"run: sudo apt-get install python{version}-venv libnot-there9, then" in capsys.readouterr().err
    assert calls(checkout) == ["sudo -n true"]
    assert not (checkout / ".venv").exists()


@pytest.mark.usefixtures("without_ensurepip")
def test_as_root_everything_missing_is_installed_in_one_go(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.PDF_LIBRARIES = {"libc.so.6": "libc6", "libnot-there.so.9": "libnot-there9"}
    machine.main(["report"])
    venv_package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert calls(checkout) == [
        "apt-get update (DEBIAN_FRONTEND=noninteractive)",
        f"apt-get install -y --no-install-recommends {venv_package} libnot-there9 (DEBIAN_FRONTEND=noninteractive)",
    ]


def test_the_browser_of_the_tests_is_installed_apart_and_only_for_them(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    machine.TEST_PROGRAMS = {"not-there-browser": "browser-package", "sh": "sh-package"}
    environment_with_failing_pip(checkout)
    monkeypatch.setenv("MOCK_PREFIX", str(checkout / ".venv"))
    machine.main(["report"])
    assert not [line for line in calls(checkout) if "browser" in line]
    machine.main(["test"])
    installed = [line for line in calls(checkout) if line.startswith("apt-get install")]
    assert installed == ["apt-get install -y --no-install-recommends browser-package (DEBIAN_FRONTEND=noninteractive)"]


def test_sudo_without_a_password_is_used(machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOCK_SUDO_STATUS", "0")
    machine.PDF_LIBRARIES = {"libnot-there.so.9": "libnot-there9"}
    environment_with_failing_pip(checkout)
    monkeypatch.setenv("MOCK_PREFIX", str(checkout / ".venv"))
    machine.main(["report"])
    assert [line.split(" ")[0] for line in calls(checkout)][:5] == ["sudo", "sudo", "apt-get", "sudo", "apt-get"]


@pytest.mark.usefixtures("without_ensurepip")
def test_a_failing_apt_get_shows_the_end_of_its_output(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setenv("MOCK_APT_STATUS", "100")
    assert machine.main(["report"]) == 1
    output = capsys.readouterr().err
    assert f"apt-get update ended with status 100; all of its output is in {checkout}/build/bootstrap.log" in output
    assert "  | E: Unable to locate package" in output
    assert "cannot make a virtual environment" in output, "the set-up went on as far as it could"


def test_missing_libraries_are_found_out(machine: ModuleType) -> None:
    machine.PDF_LIBRARIES = {"libc.so.6": "libc6", "libnot-there.so.9": "libnot-there9"}
    assert machine._missing_libraries() == ["libnot-there.so.9"]


def test_a_failing_pip_leaves_the_environment_and_shows_why(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment_with_failing_pip(checkout)
    monkeypatch.setenv("MOCK_PREFIX", str(checkout / ".venv"))
    assert machine.main(["test"]) == 1
    output = capsys.readouterr().err
    assert "pip install ended with status 1" in output
    assert "  | ERROR: No matching distribution found" in output
    assert calls(checkout) == ["-m pip install --disable-pip-version-check --editable .[dev]"]
    assert (checkout / ".venv" / "bin" / "python").exists()
    assert not (checkout / ".venv" / "specc-setup.unfinished").exists()


# --- which environments are kept ---


def test_an_environment_that_runs_is_kept(machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment_with_failing_pip(checkout)
    assert machine._usable()
    monkeypatch.setenv("MOCK_VERSION", "3 10")
    assert not machine._usable()


@pytest.mark.parametrize("stamp", ['{"root": "/elsewhere"}', '{"root": 3}'])
def test_an_environment_made_elsewhere_is_not(machine: ModuleType, checkout: Path, stamp: str) -> None:
    environment_with_failing_pip(checkout)
    (checkout / ".venv" / "specc-setup.json").write_text(stamp)
    assert not machine._usable()


@pytest.mark.parametrize("stamp", ["", "[]", "{", "\0", '{"pyproject": 1, "extras": "dev"}'])
def test_after_an_unreadable_stamp_pip_is_asked_again(
    machine: ModuleType, checkout: Path, monkeypatch: pytest.MonkeyPatch, stamp: str
) -> None:
    environment_with_failing_pip(checkout)
    monkeypatch.setenv("MOCK_PREFIX", str(checkout / ".venv"))
    (checkout / ".venv" / "specc-setup.json").write_text(stamp)
    assert machine.main(["report"]) == 1
    assert calls(checkout) == ["-m pip install --disable-pip-version-check --editable ."]


def test_an_environment_whose_python_does_not_start_is_not_kept(machine: ModuleType, checkout: Path) -> None:
    environment_with_failing_pip(checkout)
    (checkout / ".venv" / "bin" / "python").write_bytes(b"\x7fELF, cut off")
    assert not machine._usable()


def test_a_venv_that_is_a_link_is_never_removed(
    machine: ModuleType, checkout: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "precious").mkdir()
    (checkout / ".venv").symlink_to(tmp_path / "precious")
    assert machine.main(["report"]) == 1
    assert "is not a folder; move it away" in capsys.readouterr().err
    assert (tmp_path / "precious").is_dir()


@pytest.mark.parametrize(
    ("arguments", "status"), [([], 2), (["reprot"], 2), (["report", "x"], 2), (["--help"], 0), (["-h"], 0)]
)
def test_wrong_usage_does_nothing(
    machine: ModuleType, checkout: Path, arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert machine.main(arguments) == status
    assert capsys.readouterr().out.startswith("usage: python3 -m specc.bootstrap report")
    assert not (checkout / ".venv").exists()
