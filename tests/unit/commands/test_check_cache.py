"""A finding from the cache is what a check would find: hits and misses, poisoned entries, several runs at once."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import specc.check
from specc.cli import main
from specc.commands import check_cache
from specc.commands.console import FORMATS

ROOT = Path(__file__).resolve().parents[3]
KWS = (ROOT / "specs" / "kws.hwspec").read_text(encoding="utf-8")
FAULTY = (ROOT / "specs" / "edge_cnn.hwspec").read_text(encoding="utf-8")
LIMITS = "hwspec 1\nlet most = 9 ms\nlet unit = 1 ms\n"
IMPORTING = (
    'hwspec 1\nimport "limits.hwspec"\nmodel m { input x 8, dense d { units 2 }, weights seed 1 }\n'
    "target t { use stm32f407 }\nbudget t { latency total <= $most }\n"
)
Check = Callable[..., tuple[int, str]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A cache of its own; the entries lie in what is returned."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("SPECC_NO_CACHE", raising=False)
    forget()
    yield tmp_path / "cache" / "specc" / "check"
    forget()


def forget() -> None:
    """What a new process would not know."""
    for function in (check_cache._folder, check_cache._is_own, check_cache._specc, check_cache._project):
        function.cache_clear()


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with specs in it, the current one."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").touch()
    (project / "kws.hwspec").write_text(KWS, encoding="utf-8")
    (project / "faulty.hwspec").write_text(FAULTY, encoding="utf-8")
    (project / "limits.hwspec").write_text(LIMITS, encoding="utf-8")
    (project / "importing.hwspec").write_text(IMPORTING, encoding="utf-8")
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def check(folder: Path, project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Runs `specc check`; returns how many files were really checked, and what was printed."""
    checked: list[Path] = []
    original = specc.check.check

    def counted(path: Path) -> specc.check.CheckResult:
        checked.append(path)
        return original(path)

    monkeypatch.setattr(specc.check, "check", counted)

    def run(*arguments: str) -> tuple[int, str]:
        forget()
        checked.clear()
        main(["check", *arguments])
        return len(checked), capsys.readouterr().out

    return run


def test_the_second_check_is_a_hit(check: Check) -> None:
    first, second = check("kws.hwspec"), check("kws.hwspec")
    assert (first[0], second[0]) == (1, 0)
    assert first[1] == second[1]


@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("name", ["faulty.hwspec", "kws.hwspec"])
def test_every_format_is_the_same_from_the_cache(check: Check, form: str, name: str) -> None:
    without = check(name, "--format", form, "--no-cache")
    assert check(name, "--format", form)[0] == 1
    assert check(name, "--format", form) == (0, without[1])


def test_what_one_format_stored_serves_the_others(check: Check) -> None:
    check("faulty.hwspec", "--format", "sarif")
    assert check("faulty.hwspec")[0] == 0


def test_the_whole_corpus_is_the_same_from_the_cache(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = sorted(map(str, (ROOT / "tests" / "conformance" / "err").glob("*.hwspec")))[::7]
    files += sorted(map(str, (ROOT / "tests" / "conformance" / "check").glob("*.hwspec")))[::7]
    outputs = []
    for extra in ((), (), ("--no-cache",)):
        for form in ("text", "json", "sarif"):
            main(["check", *files, "--format", form, *extra])
            outputs.append(capsys.readouterr().out)
    assert outputs[:3] == outputs[3:6] == outputs[6:]


def test_no_cache_neither_reads_nor_writes(check: Check, folder: Path) -> None:
    assert check("kws.hwspec", "--no-cache")[0] == 1
    assert not folder.exists()
    check("kws.hwspec")
    assert check("kws.hwspec", "--no-cache")[0] == 1


def test_the_environment_switches_it_off(check: Check, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPECC_NO_CACHE", "1")
    assert [check("kws.hwspec")[0], check("kws.hwspec")[0]] == [1, 1]
    assert not folder.exists()


def rewrite(path: str, old: str, new: str) -> None:
    """Change a file, and not its times: what counts is what it says."""
    file = Path(path)
    before = file.stat()
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


def test_a_change_of_the_file_is_a_miss(check: Check) -> None:
    check("kws.hwspec")
    rewrite("kws.hwspec", "hwspec 1", "hwspec 9")
    checked, text = check("kws.hwspec")
    assert checked == 1 and "error" in text


def test_a_change_of_an_import_is_a_miss(check: Check) -> None:
    assert check("importing.hwspec")[0] == 1
    assert check("importing.hwspec")[0] == 0
    rewrite("limits.hwspec", "9 ms", "1 ns")
    checked, text = check("importing.hwspec")
    assert checked == 1 and "E4101" in text


def test_an_import_that_appears_or_goes_is_noticed(check: Check) -> None:
    Path("limits.hwspec").rename("elsewhere")
    assert "E1021" in check("importing.hwspec")[1]
    Path("elsewhere").rename("limits.hwspec")
    assert "no errors" in check("importing.hwspec")[1]
    Path("limits.hwspec").unlink()
    assert "E1021" in check("importing.hwspec")[1]


def test_an_import_through_a_link_that_now_leads_elsewhere_is_a_miss(check: Check, project: Path) -> None:
    Path("limits.hwspec").rename("first.hwspec")
    (project / "inner").mkdir()
    Path("inner/second.hwspec").write_text(LIMITS, encoding="utf-8")
    Path("limits.hwspec").symlink_to("first.hwspec")
    check("importing.hwspec")
    assert check("importing.hwspec")[0] == 0
    Path("limits.hwspec").unlink()
    Path("limits.hwspec").symlink_to("inner/second.hwspec")  # says the same, but what it imports lies elsewhere
    assert check("importing.hwspec")[0] == 1


def test_a_change_of_the_model_file_is_a_miss(check: Check) -> None:
    Path("net.tflite").write_bytes(b"no model")
    Path("net.hwspec").write_text('hwspec 1\nmodel m { from "net.tflite" }\n', encoding="utf-8")
    check("net.hwspec")
    assert check("net.hwspec")[0] == 0
    Path("net.tflite").write_bytes(b"another!")
    assert check("net.hwspec")[0] == 1


def test_a_data_set_that_goes_is_noticed(check: Check) -> None:
    Path("digits.npz").touch()
    with Path("kws.hwspec").open("a", encoding="utf-8") as stream:
        stream.write('dataset digits from "digits.npz"\n')
    check("kws.hwspec")
    assert check("kws.hwspec")[0] == 0
    Path("digits.npz").unlink()
    assert "E1021" in check("kws.hwspec")[1]


def test_another_project_folder_is_a_miss(check: Check, project: Path) -> None:
    Path("inner").mkdir()
    Path("importing.hwspec").rename("inner/importing.hwspec")
    rewrite("inner/importing.hwspec", "limits.hwspec", "../limits.hwspec")
    assert "no errors" in check("inner/importing.hwspec")[1]
    Path("inner/pyproject.toml").touch()
    assert "E1021" in check("inner/importing.hwspec")[1]


def test_another_version_is_a_miss(check: Check, monkeypatch: pytest.MonkeyPatch) -> None:
    check("kws.hwspec")
    monkeypatch.setattr(check_cache, "__version__", "999")
    assert check("kws.hwspec")[0] == 1


def test_a_changed_rule_or_library_is_a_miss(check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = tmp_path / "library"
    library.mkdir()
    monkeypatch.setattr(check_cache, "resource", lambda *names: library)
    check("kws.hwspec")
    assert check("kws.hwspec")[0] == 0
    (library / "new.hwspec").touch()
    assert check("kws.hwspec")[0] == 1


def test_another_name_for_the_same_file_is_a_miss(check: Check, project: Path) -> None:
    check("faulty.hwspec")
    text = check(str(project / "faulty.hwspec"))
    assert text[0] == 1 and str(project) in text[1]


def test_a_file_that_cannot_be_read_is_not_kept(check: Check, folder: Path) -> None:
    check("absent.hwspec")
    assert not folder.exists()


def entry_of(folder: Path) -> Path:
    (entry,) = folder.iterdir()
    return entry


def poisoned(kind: str, entry: Path) -> bytes:
    """An entry that means harm, made from one that is in order."""
    whole = json.loads(entry.read_bytes())
    finding = whole["findings"]["diagnostics"][0]
    match kind:
        case "garbage":
            return b"\x80\x04\x95 pickled?"
        case "empty":
            return b""
        case "deep":
            return b"[" * 100_000
        case "huge":
            return json.dumps(whole | {"more": "x" * (2 << 20)}).encode()
        case "list":
            return b"[]"
        case "number":
            return b"9" * 100_000
        case "no findings":
            del whole["findings"]
        case "no reads":
            del whole["reads"]
        case "nothing was read":
            whole["reads"]["files"] = {}
        case "unknown code":
            finding[0] = "E9999"
        case "message of another type":
            finding[1] = {"x": 1}
        case "place outside the text":
            finding[2][0][2] = 10**9
        case "place with a truth for a number":
            finding[2][0][1] = True
        case "place in no source":
            finding[2][0][0] = 7
        case "source that was not read":
            whole["findings"]["sources"][0][1] = "/etc/hostname"
        case "notes of another type":
            finding[4] = [None]
        case "fix of another type":
            finding[5] = ["title", 3, "yes"]
        case "too few":
            whole["findings"]["diagnostics"][0] = finding[:3]
        case "files of another type":
            whole["reads"]["files"] = 5
    return json.dumps(whole).encode()


@pytest.mark.parametrize(
    "kind",
    [
        "garbage",
        "empty",
        "deep",
        "huge",
        "list",
        "number",
        "no findings",
        "no reads",
        "nothing was read",
        "unknown code",
        "message of another type",
        "place outside the text",
        "place with a truth for a number",
        "place in no source",
        "source that was not read",
        "notes of another type",
        "fix of another type",
        "too few",
        "files of another type",
    ],
)
def test_a_poisoned_entry_is_a_miss_and_is_replaced(check: Check, folder: Path, kind: str) -> None:
    _, text = check("faulty.hwspec")
    entry = entry_of(folder)
    entry.write_bytes(poisoned(kind, entry))
    assert check("faulty.hwspec") == (1, text)
    assert check("faulty.hwspec") == (0, text)


def test_an_entry_that_is_a_folder_is_a_miss(check: Check, folder: Path) -> None:
    check("kws.hwspec")
    entry = entry_of(folder)
    entry.unlink()
    entry.mkdir()
    assert check("kws.hwspec")[0] == 1


def test_only_the_user_can_read_the_cache(check: Check, folder: Path) -> None:
    check("kws.hwspec")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(entry_of(folder).stat().st_mode) == 0o600


@pytest.mark.skipif(os.name != "posix", reason="permissions are those of POSIX")
def test_a_folder_that_others_can_write_to_is_not_trusted(check: Check, folder: Path) -> None:
    check("kws.hwspec")
    folder.chmod(0o777)
    assert [check("kws.hwspec")[0], check("kws.hwspec")[0]] == [1, 1]


def test_a_link_in_place_of_the_folder_is_not_followed(check: Check, folder: Path, project: Path) -> None:
    check("kws.hwspec")
    folder.rename(project / "planted")
    folder.symlink_to(project / "planted")
    assert check("kws.hwspec")[0] == 1


def test_a_cache_inside_the_project_is_not_used(check: Check, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(project / ".cache"))
    assert [check("kws.hwspec")[0], check("kws.hwspec")[0]] == [1, 1]
    assert not (project / ".cache").exists()


def test_a_relative_cache_folder_is_ignored(
    check: Check, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", ".cache")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    check("kws.hwspec")
    assert check("kws.hwspec")[0] == 0
    assert not (project / ".cache").exists() and (tmp_path / "home" / ".cache" / "specc").is_dir()


def test_a_cache_that_cannot_be_written_is_no_error(
    check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert check("kws.hwspec") == (1, "no errors in kws.hwspec\n")


def test_the_cache_stays_small(check: Check, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    check("kws.hwspec")
    monkeypatch.setattr(check_cache, "SIZE_LIMIT", 3 * entry_of(folder).stat().st_size)
    for number in range(9):
        Path(f"s{number}.hwspec").write_text(KWS, encoding="utf-8")
        check(f"s{number}.hwspec")
        assert len(list(folder.iterdir())) <= 4
    assert check("s8.hwspec")[0] == 0, "the newest is kept"


def test_a_folder_is_checked_file_by_file(check: Check, project: Path) -> None:
    Path("deep/er").mkdir(parents=True)
    Path("deep/er/broken.hwspec").write_text("hwspec 1\nmodel {", encoding="utf-8")
    Path("deep/.hidden.hwspec").write_text("}", encoding="utf-8")
    Path("deep/endless").symlink_to(project)
    checked, text = check(".")
    assert checked == 5
    assert "limits.hwspec" not in text, "a part of another spec is none by itself"
    assert "deep/er/broken.hwspec" in text and text.splitlines()[-1].endswith("in 5 files below .")
    assert check(".") == (0, text)


def test_a_part_that_does_not_parse_is_reported(check: Check) -> None:
    Path("limits.hwspec").write_text("hwspec 1\nlet most = = 9 ms\n", encoding="utf-8")
    assert "limits.hwspec:2" in check(".")[1]


def test_two_processes_at_once_say_the_same(folder: Path, project: Path) -> None:
    for number in range(12):
        Path(f"s{number}.hwspec").write_text(f"# {number}\n".join(["", FAULTY]), encoding="utf-8")
    command = [sys.executable, "-m", "specc", "check", ".", "--format", "json"]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "backends")])}
    runs = [
        subprocess.Popen(command, cwd=project, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(2)
    ]
    ended = [run.communicate(timeout=120) for run in runs]
    third = subprocess.run(command, cwd=project, env=environment, capture_output=True, check=False)
    assert ended[0] == ended[1] == (third.stdout, b"")
    assert all(len(entry.name) == 64 for entry in folder.iterdir()), "no temporary file is left"
