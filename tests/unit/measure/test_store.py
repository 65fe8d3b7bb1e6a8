"""The store keeps what it was given, whatever happens to the process or to the file."""

from __future__ import annotations

import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from specc.evidence import Figure
from specc.measure import store as store_module
from specc.measure.result import Measurement, MemoryResult, Provenance
from specc.measure.statistics import summarise
from specc.measure.store import Store, StoreError


def measurement(key: str = "k", target: str = "board", spec_hash: str = "s", seconds: float = 1.0) -> Measurement:
    latency = summarise([seconds, seconds])
    bytes_ = Figure.exact(1, "B", "measured")
    return Measurement(
        key=key,
        target=target,
        evidence="measured",
        layers=(),
        total=latency,
        overhead=latency,
        cold=None,
        counters={},
        memory=MemoryResult(flash=bytes_, sram=bytes_, regions={}),
        energy=Figure.unknown("J", "not measured"),
        output_matches_golden=True,
        provenance=Provenance(
            spec_hash=spec_hash,
            graph_hash="",
            code_hash="",
            compiler="",
            compiler_flags="",
            backend="",
            backend_version="",
            hardware="",
            clock_hz=None,
            core_model="",
            model_assumptions=("ä ünïcode",),
            fact_sources={},
            host="",
            seed=0,
            inputs=1,
            warmup=0,
            library_versions={},
            taken_at="2024-01-01T00:00:00+00:00",
        ),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new folder" / "specc.db"


def test_what_goes_in_comes_out(path: Path) -> None:
    given = measurement()
    with Store(path) as store:
        store.put(given)
        assert store.get("k") == given
    with Store(path) as store:
        assert store.get("k") == given
        assert store.get("other") is None


def test_newest_wins_and_nothing_is_lost(path: Path) -> None:
    old, new = measurement(seconds=1), measurement(seconds=2)
    with Store(path) as store:
        store.put(old)
        store.put(new)
        assert store.get("k") == new
        assert list(store.all()) == [old, new]


def test_latest_is_by_target_and_spec(path: Path) -> None:
    rows = [
        measurement("a", "x", "s"),
        measurement("b", "x", "s"),
        measurement("c", "y", "s"),
        measurement("d", "x", "t"),
    ]
    with Store(path) as store:
        for row in rows:
            store.put(row)
        assert store.latest("x", "s") == rows[1]
        assert store.latest("y", "s") == rows[2]
        assert store.latest("y", "t") is None


def test_results_of_another_format_are_kept_but_not_offered(path: Path) -> None:
    with Store(path) as store:
        store.put(measurement().model_copy(update={"format_version": 999}))
        assert store.get("k") is None
        assert list(store.all()) == []
    assert sqlite3.connect(path).execute("SELECT count(*) FROM measurement").fetchone() == (1,)


@pytest.mark.parametrize("content", [b"plain text, no database " * 100, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damaged_file_is_reported_and_left_alone(path: Path, content: bytes) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"specc\.db"):
        Store(path)
    assert path.read_bytes() == content


def test_file_cut_short_is_reported(path: Path) -> None:
    with Store(path) as store:
        for index in range(50):
            store.put(measurement(str(index)))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(StoreError), Store(path) as store:
        list(store.all())


def test_foreign_database_is_left_alone(path: Path) -> None:
    path.parent.mkdir()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE precious (x)")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(StoreError, match="not a specc result store"):
        Store(path)
    assert path.read_bytes() == before


def test_file_of_a_newer_version_is_left_alone(path: Path) -> None:
    with Store(path) as store:
        store.put(measurement())
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {store_module.SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StoreError, match="written by a newer specc"):
        Store(path)
    assert sqlite3.connect(path).execute("SELECT count(*) FROM measurement").fetchone() == (1,)


def test_damaged_record_is_reported(path: Path) -> None:
    with Store(path) as store:
        store.put(measurement())
        store._connection.execute("UPDATE measurement SET record = '{'")
        with pytest.raises(StoreError, match="a stored measurement is damaged"):
            store.get("k")


def test_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        Store(tmp_path / "file" / "specc.db")
    with pytest.raises(StoreError):
        Store(tmp_path)


WRITER = """
import sys
from pathlib import Path
from specc.measure.result import Measurement
from specc.measure.store import Store
record = Measurement.model_validate_json(Path(sys.argv[2]).read_text())
name = sys.argv[3]
print("ready", flush=True)
with Store(Path(sys.argv[1])) as store:
    for index in range(int(sys.argv[4])):
        store.put(record.model_copy(update={"key": f"{name} {index}"}))
        print(index, flush=True)
"""


def _writer(path: Path, record: Path, name: str, count: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WRITER, str(path), str(record), name, str(count)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    file = tmp_path / "record.json"
    file.write_text(measurement().model_dump_json())
    return file


def test_killed_process_loses_nothing_it_had_put(path: Path, record: Path) -> None:
    generator = random.Random(8)
    for attempt in range(5):
        process = _writer(path, record, str(attempt), 100_000)
        assert process.stdout is not None and process.stdout.readline() == "ready\n"
        time.sleep(generator.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        said, _ = process.communicate()
        put = [int(word) for word in said.split("\n")[:-1]]
        with Store(path) as store:
            stored = [int(m.key.split()[1]) for m in store.all() if m.key.split()[0] == str(attempt)]
            check = store._connection.execute("PRAGMA integrity_check").fetchone()
        assert stored[: len(put)] == put
        assert len(stored) <= len(put) + 1
        assert check == ("ok",)


def test_processes_share_a_store(path: Path, record: Path) -> None:
    writers = [_writer(path, record, str(index), 20) for index in range(4)]
    for writer in writers:
        writer.communicate(timeout=60)
        assert writer.returncode == 0
    with Store(path) as store:
        keys = [m.key for m in store.all()]
    assert sorted(keys) == sorted(f"{name} {index}" for name in range(4) for index in range(20))


def test_reader_is_not_kept_waiting(path: Path) -> None:
    with Store(path) as writer, Store(path) as reader:
        writer.put(measurement("a"))
        writer._connection.execute("BEGIN IMMEDIATE")
        writer.put(measurement("b"))
        assert reader.get("a") is not None
        assert reader.get("b") is None
        writer._connection.execute("COMMIT")
        assert reader.get("b") is not None


def test_rows_are_plain_json(path: Path) -> None:
    with Store(path) as store:
        store.put(measurement())
    row = sqlite3.connect(path).execute("SELECT record FROM measurement").fetchone()
    assert json.loads(row[0])["target"] == "board"
