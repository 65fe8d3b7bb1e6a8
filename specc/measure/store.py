"""The result store: every measurement ever taken in a project, in one SQLite file, by content address.

A row is written in one transaction once its measurement is complete, so a process that is killed loses what it was
measuring and nothing else. The write-ahead log lets others read meanwhile. The store never deletes a result: a file it
cannot read is reported and left as it is. Beside measurements it holds what was found about precision, and how far an
interrupted run of many iterations has come.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Final, TypeVar

from specc.measure.result import FORMAT_VERSION, Measurement

APPLICATION_ID: Final = 0x73706563  # "spec": marks the file as ours (PRAGMA application_id)
SCHEMA_VERSION: Final = 3
BUSY_SECONDS: Final = 30.0

# What each version of the layout adds to the one before.
_SCHEMAS: Final = (
    """
CREATE TABLE measurement (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    target TEXT NOT NULL,
    spec_hash TEXT NOT NULL,
    format_version INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX measurement_by_key ON measurement (key, format_version, sequence);
CREATE INDEX measurement_by_target ON measurement (target, spec_hash, format_version, sequence);
""",
    """
CREATE TABLE precision (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL,
    spec_hash TEXT NOT NULL,
    format_version INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX precision_by_key ON precision (key, format_version, sequence);
CREATE INDEX precision_by_spec ON precision (spec_hash, format_version, sequence);
CREATE TABLE checkpoint (key TEXT NOT NULL, run INTEGER NOT NULL, seed INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (key, run));
""",
    """
CREATE TABLE finding (
    sequence INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    format_version INTEGER NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX finding_by_key ON finding (kind, key, format_version, sequence);
""",
)

_Result = TypeVar("_Result")


class StoreError(Exception):
    """The store cannot be used. The message names the file and says why; the file is left as it was."""


def store_path(build_folder: Path) -> Path:
    """The result store of a build folder."""
    return build_folder / "specc.db"


class Store:
    """An open result store. Several processes may have the same file open."""

    def __init__(self, path: Path) -> None:
        """Open a store, creating it if there is none.

        Raises:
            StoreError: the file is damaged, is not a result store, or was written by a newer specc.
        """
        self.path = path
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{path}: the result store cannot be opened: {error}") from error
        try:
            self._guarded(self._prepare)
        except BaseException:
            self._connection.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Everything put is already in it."""
        self._connection.close()

    def put(self, measurement: Measurement) -> None:
        """Add a measurement. An older one of the same key is kept, and no longer found by `get`.

        Raises:
            StoreError: the file cannot be written.
        """
        row = (
            measurement.key,
            measurement.target,
            measurement.provenance.spec_hash,
            measurement.format_version,
            measurement.model_dump_json(),
        )
        statement = "INSERT INTO measurement (key, target, spec_hash, format_version, record) VALUES (?, ?, ?, ?, ?)"
        self._guarded(lambda: self._connection.execute(statement, row))

    def get(self, key: str) -> Measurement | None:
        """The newest measurement of a key, or None."""
        return self._measurement("key = ?", key)

    def latest(self, target: str, spec_hash: str) -> Measurement | None:
        """The newest measurement of a target under a spec, or None."""
        return self._measurement("target = ? AND spec_hash = ?", target, spec_hash)

    def all(self) -> Iterator[Measurement]:
        """Every measurement this version can read, oldest first."""
        statement = "SELECT record FROM measurement WHERE format_version = ? ORDER BY sequence"
        rows = self._guarded(lambda: self._connection.execute(statement, (FORMAT_VERSION,)).fetchall())
        return (self._parse(row[0]) for row in rows)

    def with_recorded_energy(self, hardware: str) -> list[Measurement]:
        """The newest measurement of each key whose energy was measured on a hardware, oldest first."""
        statement = (
            "SELECT record FROM measurement WHERE sequence IN (SELECT max(sequence) FROM measurement "
            "WHERE format_version = ? AND json_extract(record, '$.energy.evidence') = 'measured' "
            "AND json_extract(record, '$.provenance.hardware') = ? GROUP BY key) ORDER BY sequence"
        )
        rows = self._guarded(lambda: self._connection.execute(statement, (FORMAT_VERSION, hardware)).fetchall())
        return [self._parse(row[0]) for row in rows]

    def put_precision(self, key: str, spec_hash: str, format_version: int, record: str) -> None:
        """Add what was found about a spec's precision, as JSON, and drop the checkpoints of its runs.

        Raises:
            StoreError: the file cannot be written.
        """
        statement = "INSERT INTO precision (key, spec_hash, format_version, record) VALUES (?, ?, ?, ?)"

        def work() -> None:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.execute(statement, (key, spec_hash, format_version, record))
                self._connection.execute("DELETE FROM checkpoint WHERE key = ?", (key,))
                self._connection.execute("COMMIT")
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise

        self._guarded(work)

    def get_precision(self, key: str, format_version: int) -> str | None:
        """The newest of a key, or None."""
        return self._newest("precision", format_version, "key = ?", key)

    def put_finding(self, kind: str, key: str, format_version: int, record: str) -> None:
        """Add what was found about something else than a network on a target: peaks of hardware, an experiment.

        Raises:
            StoreError: the file cannot be written.
        """
        statement = "INSERT INTO finding (kind, key, format_version, record) VALUES (?, ?, ?, ?)"
        self._guarded(lambda: self._connection.execute(statement, (kind, key, format_version, record)))

    def get_finding(self, kind: str, key: str, format_version: int) -> str | None:
        """The newest finding of a kind and key, as JSON, or None."""
        return self._newest("finding", format_version, "kind = ? AND key = ?", kind, key)

    def put_checkpoint(self, key: str, run: int, seed: int, data: bytes) -> None:
        """Keep how far a run of many iterations has come; an older checkpoint of the same run is replaced.

        Raises:
            StoreError: the file cannot be written.
        """
        statement = "INSERT OR REPLACE INTO checkpoint (key, run, seed, data) VALUES (?, ?, ?, ?)"
        self._guarded(lambda: self._connection.execute(statement, (key, run, seed, data)))

    def checkpoints(self, key: str) -> dict[int, tuple[int, bytes]]:
        """Seed and state of each run that was interrupted, by its number."""
        statement = "SELECT run, seed, data FROM checkpoint WHERE key = ?"
        rows = self._guarded(lambda: self._connection.execute(statement, (key,)).fetchall())
        return {run: (seed, data) for run, seed, data in rows}

    def drop_checkpoints(self, key: str) -> None:
        """Forget the runs of a key that were interrupted."""
        self._guarded(lambda: self._connection.execute("DELETE FROM checkpoint WHERE key = ?", (key,)))

    def _newest(self, table: str, format_version: int, condition: str, *values: str) -> str | None:
        statement = (
            f"SELECT record FROM {table} WHERE {condition} AND format_version = ? ORDER BY sequence DESC LIMIT 1"
        )
        row = self._guarded(lambda: self._connection.execute(statement, (*values, format_version)).fetchone())
        return row[0] if row else None

    def _measurement(self, condition: str, *values: str) -> Measurement | None:
        record = self._newest("measurement", FORMAT_VERSION, condition, *values)
        return None if record is None else self._parse(record)

    def _parse(self, record: str) -> Measurement:
        try:
            return Measurement.model_validate_json(record)
        except ValueError as error:
            raise StoreError(f"{self.path}: a stored measurement is damaged: {error}") from error

    def _guarded(self, work: Callable[[], _Result]) -> _Result:
        try:
            return work()
        except sqlite3.Error as error:
            raise StoreError(f"{self.path}: the result store cannot be used: {error}") from error

    def _prepare(self) -> None:
        """Check that the file is ours and of a version we know; lay out an empty one."""
        self._check_identity()
        self._use_write_ahead_log()
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("BEGIN IMMEDIATE")  # two processes may both find the file empty
        try:
            version = self._pragma("user_version")
            if version < SCHEMA_VERSION:
                for statement in filter(str.strip, ";".join(_SCHEMAS[version:]).split(";")):
                    self._connection.execute(statement)
                self._connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            self._connection.execute("COMMIT")
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise

    def _check_identity(self) -> None:
        """Refuse a file that is not ours, before anything is written to it."""
        self._connection.execute("BEGIN")  # one consistent view: another process may be laying the file out
        application = self._pragma("application_id")
        version = self._pragma("user_version")
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        self._connection.execute("COMMIT")
        if application != APPLICATION_ID and (application or version or tables):
            raise StoreError(f"{self.path}: this SQLite file is not a specc result store; it was not touched")
        if version > SCHEMA_VERSION:
            raise StoreError(
                f"{self.path}: written by a newer specc (schema {version}, this one knows {SCHEMA_VERSION}); "
                "use that version, or another build folder"
            )

    def _use_write_ahead_log(self) -> None:
        """Switch the file to write-ahead logging. SQLite's own waiting does not cover the switch, so wait here."""
        deadline = time.monotonic() + BUSY_SECONDS
        while self._connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return  # where the file system cannot do it, the mode stays as it is: slower, as safe
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _pragma(self, name: str) -> int:
        return int(self._connection.execute(f"PRAGMA {name}").fetchone()[0])
