"""Names across files that import each other: where they stand, and what a rename changes."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("pygls", reason="the extra `lsp` is not installed")

from lsprotocol import types

from specc.check import check
from specc.lsp.document import Document
from specc.lsp.navigation import RenameError, definition, references, renamable, rename
from specc.lsp.project import Project

COMMON = """\
hwspec 1
let rate = 2 Hz
hardware chip { title "a chip", core cortex-m4 }
target board { use chip }
"""
NETWORK = """\
hwspec 1
model net {
  input x 8x8x4
  conv  stem { kernel 3x3, filters 4 }
  dense last { units 2 }
}
"""
FIRST = """\
hwspec 1
import "parts/common.hwspec"
import "parts/network.hwspec"
budget board {
  latency stem      <= 10 ms
  latency stem+last <= 1 / $rate
}
"""
SECOND = """\
hwspec 1
import "parts/common.hwspec"
model other { input x 8, dense stem { units 2 } }
budget board { latency stem <= 10 ms }
instrument board { cycles }
"""
ALONE = "hwspec 1\nmodel m { input x 8, dense stem { units 2 } }\ntarget board { use host }\n"
FILES = {
    "first.hwspec": FIRST,
    "second.hwspec": SECOND,
    "alone.hwspec": ALONE,
    "parts/common.hwspec": COMMON,
    "parts/network.hwspec": NETWORK,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "pyproject.toml").write_text("")
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


def opened(folder: Path, name: str, text: str | None = None) -> Document:
    path = folder / name
    return Document(path.as_uri(), path.read_text(encoding="utf-8") if text is None else text, 1, None)


def at(document: Document, marker: str, inside: int = 0) -> types.Position:
    return document.positions.position(document.source.text.index(marker) + inside)


def renamed(folder: Path, project: Project, edit: types.WorkspaceEdit) -> dict[str, str]:
    """The files that an edit changes, as they are then."""
    texts: dict[str, str] = {}
    by_uri = {document.uri: document for document in project.documents.values()}
    for uri, edits in (edit.changes or {}).items():
        document = by_uri[uri]
        text = document.source.text
        for change in sorted(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character), reverse=True):
            start, end = document.positions.offset(change.range.start), document.positions.offset(change.range.end)
            text = text[:start] + change.new_text + text[end:]
        assert document.path is not None
        texts[document.path.relative_to(folder).as_posix()] = text
    return texts


def change(folder: Path, name: str, marker: str, new: str) -> dict[str, str]:
    document = opened(folder, name)
    project = Project(document, [])
    return renamed(folder, project, rename(project, at(document, marker), new))


@pytest.mark.parametrize(("name", "marker"), [("parts/common.hwspec", "board"), ("second.hwspec", "board {")])
def test_a_target_is_renamed_in_every_spec_that_has_it(folder: Path, name: str, marker: str) -> None:
    """From its declaration or from a use; the target of that name in a file that imports nothing is another."""
    texts = change(folder, name, marker, "disco")
    assert texts == {
        "first.hwspec": FIRST.replace("board", "disco"),
        "second.hwspec": SECOND.replace("board", "disco"),
        "parts/common.hwspec": COMMON.replace("board", "disco"),
    }
    for file, text in texts.items():
        (folder / file).write_text(text, encoding="utf-8")
    assert not check(folder / "first.hwspec").has_errors
    assert not check(folder / "second.hwspec").has_errors


def test_a_layer_of_one_spec_is_not_that_of_another(folder: Path) -> None:
    assert change(folder, "first.hwspec", "stem+", "head") == {
        "first.hwspec": FIRST.replace("stem", "head"),
        "parts/network.hwspec": NETWORK.replace("stem", "head"),
    }
    assert change(folder, "second.hwspec", "stem <", "head") == {"second.hwspec": SECOND.replace("stem", "head")}


def test_a_parameter_and_a_hardware_of_an_imported_file(folder: Path) -> None:
    assert change(folder, "first.hwspec", "rate", "pace") == {
        "first.hwspec": FIRST.replace("rate", "pace"),
        "parts/common.hwspec": COMMON.replace("rate", "pace"),
    }
    assert change(folder, "parts/common.hwspec", "chip }", "soc") == {
        "parts/common.hwspec": COMMON.replace("hardware chip", "hardware soc").replace("use chip", "use soc")
    }


def test_a_use_in_a_shared_file_reaches_every_spec(folder: Path) -> None:
    """`limits` names a layer that each of two specs declares itself: one name, wherever it is changed."""
    limits = "hwspec 1\nbudget all { latency core <= 10 ms }\n"
    model = "model m {{ input x 8, dense core {{ units {} }} }}\ntarget t {{ use host }}\n"
    spec = f'hwspec 1\nimport "limits.hwspec"\n{model}'
    files = {"limits.hwspec": limits, "a.hwspec": spec.format(1), "b.hwspec": spec.format(2)}
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert change(folder, "a.hwspec", "core", "heart") == {
        name: text.replace("core", "heart") for name, text in files.items()
    }


def test_what_is_not_saved_counts(folder: Path) -> None:
    """The importer's buffer has a use that the file on disk lacks; the imported one has another name than on disk."""
    common = opened(folder, "parts/common.hwspec", COMMON.replace("board", "plank"))
    second = opened(folder, "second.hwspec", SECOND.replace("board", "plank") + "budget plank { price <= 3 USD }\n")
    project = Project(common, [second])
    texts = renamed(folder, project, rename(project, at(common, "plank"), "disco"))
    assert set(texts) == {"parts/common.hwspec", "second.hwspec"}
    assert texts["second.hwspec"].count("disco") == 3


@pytest.mark.parametrize(
    ("name", "marker", "new", "message"),
    [
        ("parts/common.hwspec", "board", "total board", "is no name"),
        ("parts/network.hwspec", "stem", "last", "there is a layer `last` already"),
        ("parts/network.hwspec", "stem", "overhead", "first.hwspec would have an error: `overhead`"),
        ("alone.hwspec", "host", "pc", "`host` is a name of the hardware library"),
        ("first.hwspec", "import", "x", "no name stands here"),
    ],
)
def test_names_that_are_refused(folder: Path, name: str, marker: str, new: str, message: str) -> None:
    with pytest.raises(RenameError, match=message):
        change(folder, name, marker, new)


def test_a_pattern_in_another_file_that_would_miss_the_layer(folder: Path) -> None:
    (folder / "first.hwspec").write_text(FIRST.replace("latency stem ", "latency st* "), encoding="utf-8")
    with pytest.raises(RenameError, match=r"first.hwspec would have an error: no layer has a name like `st\*`"):
        change(folder, "parts/network.hwspec", "stem", "head")


def test_a_name_for_several_layers_says_why_it_stays(folder: Path) -> None:
    text = NETWORK.replace("  dense last", "  repeat 2 as i { conv mid$i { kernel 1x1, filters 4 } }\n  dense last")
    document = opened(folder, "parts/network.hwspec", text)
    project = Project(document, [])
    with pytest.raises(RenameError, match=r"`mid\$i` stands for several names, one for each repetition"):
        renamable(project, at(document, "mid$i"))
    first = opened(folder, "first.hwspec", FIRST.replace("latency stem ", "latency mid2 "))
    project = Project(first, [document])
    with pytest.raises(RenameError, match=r"`mid\$i` stands for several names"):
        renamable(project, at(first, "mid2"))


def test_definition_and_references_lead_to_other_files(folder: Path) -> None:
    document = opened(folder, "first.hwspec")
    project = Project(document, [])
    found = definition(project, at(document, "stem+"))
    assert found is not None and found.uri == (folder / "parts/network.hwspec").as_uri()
    assert found.range.start == opened(folder, "parts/network.hwspec").positions.position(NETWORK.index("stem"))
    places = references(project, at(document, "board"), declarations=True)
    names = [Path(place.uri).name for place in places]
    assert sorted(names) == ["common.hwspec", "first.hwspec", "second.hwspec", "second.hwspec"]
    assert len(references(project, at(document, "board"), declarations=False)) == 3


def test_links_that_lead_out_and_hidden_folders_are_not_read(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    outside = tmp_path_factory.mktemp("outside") / "spec.hwspec"
    outside.write_text(SECOND.replace("parts/", f"{folder.name}/parts/"), encoding="utf-8")
    (folder / "link.hwspec").symlink_to(outside)
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "second.hwspec").write_text(SECOND, encoding="utf-8")
    project = Project(opened(folder, "first.hwspec"), [])
    assert {path.relative_to(folder).as_posix() for path in project.documents} == set(FILES)


def test_a_folder_of_the_editor_where_none_is_marked(folder: Path) -> None:
    (folder / "pyproject.toml").unlink()
    common = opened(folder, "parts/common.hwspec")
    assert len(Project(common, []).documents) == 2
    assert len(Project(common, [], [folder]).documents) == len(FILES)


def test_a_circle_of_imports_ends(folder: Path) -> None:
    (folder / "parts/common.hwspec").write_text('hwspec 1\nimport "../first.hwspec"\n' + COMMON[9:], encoding="utf-8")
    document = opened(folder, "first.hwspec")
    assert len(references(Project(document, []), at(document, "board"), declarations=True)) == 4


def test_a_file_that_is_nowhere_yet() -> None:
    document = Document("untitled:one", ALONE, 1, None)
    project = Project(document, [])
    edit = rename(project, at(document, "stem"), "head")
    assert list(edit.changes or {}) == ["untitled:one"]
