"""Verified windows into the warehouse: one dlt package, one transaction per table, and a recount.

A package is disposable. If anything fails the package is thrown away with its working directory: dlt re-copies the
parts of a package that it resumes, which doubles rows even under a key.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from loaders import ledger
from loaders.catalogue import Computed, Dataset, Field, FieldType
from loaders.destination import Session
from loaders.errors import WarehouseUnavailable
from loaders.extract import Extracted
from loaders.parts import merge_parts
from loaders.shape import REJECT_SCHEMA
from loaders.windows import Bounds

DLT_TYPES: dict[FieldType, dict[str, Any]] = {
    "string": {"data_type": "text"},
    "integer": {"data_type": "bigint"},
    "double": {"data_type": "double"},
    "decimal": {"data_type": "decimal"},
    "boolean": {"data_type": "bool"},
    "date": {"data_type": "date"},
    "timestamp": {"data_type": "timestamp", "timezone": True, "precision": 6},
    "json": {"data_type": "text"},
}
REJECT_COLUMNS = {
    "window_label": {"data_type": "text"},
    "record_number": {"data_type": "bigint"},
    "reason": {"data_type": "text"},
    "raw_record": {"data_type": "text"},
}
CONTRACT = {"tables": "evolve", "columns": "evolve", "data_type": "freeze"}

OF_A_YEAR: tuple[Computed, ...] = ("window_year", "body_sha256", "release", "loaded_at")

STAGED = "{staging_table}"  # in a scope, what dlt replaces by the name of the table that it merges from

Within = tuple[tuple[str, str], ...]


class Committer:
    """Writes one dataset's windows, under the warehouse's lock."""

    def __init__(self, session: Session, dataset: Dataset) -> None:
        self._session, self._dataset = session, dataset
        self._is_synced = self._is_indexed = False

    def commit(self, windows: Sequence[Extracted]) -> None:
        """Replace the rows of the good windows and record all of them, then count the rows that are there.

        Raises `WarehouseUnavailable` when the warehouse refuses: then nothing of these windows counts as done.
        """
        with self._session.connected(len(self._dataset.fields)):
            try:
                self._run(windows)
                self._index()
            except Exception as error:  # dlt raises what its drivers raise; whatever it is, the package is void
                self._session.forget(self._dataset.pipeline)
                self._is_synced = False
                warehouse, span = self._session.warehouse, f"{windows[0].window.label} to {windows[-1].window.label}"
                raise WarehouseUnavailable(
                    f"{self._dataset.label}: {warehouse.name} refused {span}: {warehouse.reason(error)}; "
                    "run the same command again once that is mended"
                ) from error
            self._recount([window for window in windows if window.entry.is_good])

    def _run(self, windows: Sequence[Extracted]) -> None:
        pipeline = self._session.pipeline(self._dataset.pipeline)
        with nullcontext() if self._is_synced else self._session.warehouse.creating():
            if not self._is_synced:
                pipeline.sync_destination()  # the tables' columns as they are, so that none is created twice
            pipeline.run(list(self._resources(windows)), loader_file_format="parquet")
        self._is_synced = True

    def _index(self) -> None:
        if not self._is_indexed:
            table = self._session.table(self._dataset.table)
            sql = self._session.warehouse.index(self._dataset, table)
            if sql is not None and self._session.query(f"SELECT 1 FROM {table} LIMIT 1"):
                self._session.execute(sql)
            self._is_indexed = True

    def _resources(self, windows: Sequence[Extracted]) -> Iterator[Any]:
        good = [window for window in windows if window.entry.is_good]
        if good:
            columns = {field.name: _dlt_type(field) for field in self._dataset.fields}
            parts = [part for window in good for part in window.parts]
            data = self._replacement(self._dataset.table, columns, self._scope(good), parts)
            layout = self._session.warehouse.layout(self._dataset, _constants(self._dataset, good))
            data.apply_hints(additional_table_hints=layout)
            yield data
            labels = ", ".join(self._session.warehouse.literal(window.window.label) for window in good)
            scope = f"window_label IN ({labels})"
            rejects = [part for window in good for part in window.rejects]
            if not rejects and self._count(self._dataset.rejects_table, scope):
                rejects = [self._no_rejects()]  # dlt runs no merge without a file, and the old rejects would stay
            if rejects:
                yield self._replacement(self._dataset.rejects_table, REJECT_COLUMNS, scope, rejects)
        yield self._session.dlt.resource(
            [ledger.as_table(window.entry for window in windows)], name=ledger.TABLE, write_disposition="append"
        )

    def _replacement(self, table: str, columns: dict[str, Any], scope: str, parts: list[tuple[Path, int]]) -> Any:
        """Delete what `scope` holds and insert the parts, in one transaction. No key is needed and none can collide."""
        dlt = self._session.dlt

        def files() -> Iterator[Any]:
            for path, rows in merge_parts(parts, self._session.warehouse.part_rows(len(columns))):
                yield dlt.mark.with_file_import(str(path), "parquet", rows)

        return dlt.resource(
            files,
            name=table,
            columns=columns,
            schema_contract=CONTRACT,
            write_disposition={
                "disposition": "merge",
                "strategy": "delete-insert",
                "destination_scope": scope.replace("{", "{{").replace("}", "}}").replace(f"{{{STAGED}}}", STAGED),
            },
        )

    def _no_rejects(self) -> tuple[Path, int]:
        path = self._session.folder / "no-rejects.parquet"
        pq.write_table(REJECT_SCHEMA.empty_table(), path)
        return path, 0

    def _scope(self, windows: Sequence[Extracted]) -> str:
        """SQL for the rows that these windows replace."""
        times = self._times(windows)
        if self._dataset.request.window != "file":
            return times
        # A file speaks for the days and places that it has rows of, and for no others of its span.
        table = self._dataset.table
        same = " AND ".join(f"staged.{column} = {table}.{column}" for column in self._dataset.replaces)
        return f"({times}) AND EXISTS (SELECT 1 FROM {STAGED} AS staged WHERE {same})"

    def _times(self, windows: Sequence[Extracted]) -> str:
        """SQL for the times of these windows: adjacent days become one range, so that the index is read once."""
        spans: list[tuple[Bounds | None, Within]] = []
        for window in windows:
            bounds, within = window.covers, window.window.within
            if bounds and spans and spans[-1][0] and spans[-1][0][1] == bounds[0] and spans[-1][1] == within:
                spans[-1] = ((spans[-1][0][0], bounds[1]), within)  # type: ignore[assignment]  # both are of one kind
            else:
                spans.append((bounds, within))
        return " OR ".join(f"({self._between(bounds, within)})" for bounds, within in spans)

    def _between(self, bounds: Bounds | None, within: Within) -> str:
        literal = self._session.warehouse.literal
        conditions = [f"{column} = {literal(value)}" for column, value in within]
        if bounds is not None:
            conditions += [
                f"{self._dataset.window} >= {literal(bounds[0])}",
                f"{self._dataset.window} < {literal(bounds[1])}",
            ]
        elif self._dataset.window is not None:
            conditions.append("1 = 0")  # a file without rows
        return " AND ".join(conditions) or "1 = 1"  # a snapshot is the whole table

    def _rows_of(self, window: Extracted) -> str:
        """SQL for the rows that this window brought."""
        times = self._between(window.covers, window.window.within)
        if self._dataset.request.window != "file":
            return times
        sha256 = self._dataset.computed("body_sha256")
        assert sha256 is not None  # the declaration is checked for it
        return f"{times} AND {sha256.name} = {self._session.warehouse.literal(window.entry.sha256)}"

    def _recount(self, windows: Sequence[Extracted]) -> None:
        """Count each window's rows in the warehouse. Raises `WarehouseUnavailable` if they are not the ledger's."""
        if not windows:
            return
        sums = ", ".join(f"SUM(CASE WHEN {self._rows_of(window)} THEN 1 ELSE 0 END)" for window in windows)
        [counts] = self._session.query(
            f"SELECT {sums} FROM {self._session.table(self._dataset.table)} WHERE {self._times(windows)}"
        )
        for window, count in zip(windows, counts, strict=True):
            if (count or 0) != window.entry.rows_loaded:
                raise WarehouseUnavailable(
                    f"{self._dataset.label} {window.window.label}: {window.entry.rows_loaded:,} rows were written and "
                    f"{count or 0:,} are there; something else writes to {self._dataset.table}. Load it with --force"
                )

    def _count(self, table: str, scope: str) -> int:
        rows = self._session.query(f"SELECT COUNT(*) FROM {self._session.table(table)} WHERE {scope}")
        return int(rows[0][0]) if rows else 0


def _constants(dataset: Dataset, windows: Sequence[Extracted]) -> dict[str, object]:
    """What is known of a year as a whole, and written into each of its rows. A year has a commit of its own."""
    names = [field.name for field in dataset.fields if field.computed in OF_A_YEAR]
    if dataset.request.window != "year" or not names:
        return {}
    [window] = windows
    path, _ = window.parts[0]
    with pq.ParquetFile(path) as file:
        first = next(file.iter_batches(1, columns=names), None)
    return {} if first is None else first.to_pylist()[0]


def _dlt_type(field: Field) -> dict[str, Any]:
    digits = {"precision": field.precision, "scale": field.scale} if field.type == "decimal" else {}
    return DLT_TYPES[field.type] | digits
