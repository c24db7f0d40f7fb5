"""`millrace features`: what the two commands do, and what they say."""

import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from rich.console import Console

from loaders.errors import DeclarationError
from loaders.features.fit import Wishes, fit
from loaders.features.fitted import Fit
from loaders.features.prepare import write_features, write_table
from loaders.features.split import TemporalSplit
from loaders.features.store import open_store
from loaders.memory import peak_mb


def fit_table(
    console: Console,
    table: str,
    wishes: Wishes,
    val_from: date | None,
    test_from: date | None,
    path: Path,
    warehouse: str | None = None,
) -> None:
    """Fit and write fit.json. Raises as `fit`, and `DeclarationError` for one boundary of a split without the other."""
    if (val_from is None) != (test_from is None):
        raise DeclarationError("--val-from and --test-from divide time together: give both, or neither")
    if val_from and test_from:
        if val_from > test_from:
            raise DeclarationError(f"--val-from {val_from} is after --test-from {test_from}")
        wishes = replace(wishes, split=TemporalSplit(val_from=val_from, test_from=test_from))
    began = time.monotonic()
    with open_store(warehouse) as store:
        learned = fit(store, table, wishes)
    learned.write(path)
    seconds, rows = time.monotonic() - began, sum(learned.rows.values())
    splits = ", ".join(f"{count:,} {name}" for name, count in learned.rows.items())
    console.print(
        f"{rows:,} rows, {splits}: {len(learned.features):,} features of {table} into {path} "
        f"in {seconds:,.1f} s ({rows / max(seconds, 1e-9):,.0f} rows/s); peak memory {peak_mb():,.0f} MB"
    )
    for column, reason in learned.dropped.items():
        console.print(f"{column} is dropped: {reason}", markup=False)


def transform_table(
    console: Console, table: str, path: Path, out: Path | None, as_table: str | None, warehouse: str | None = None
) -> None:
    """Transform into files or into a table. Raises as `write_features`, and `DeclarationError` for both or neither."""
    if (out is None) == (as_table is None):
        raise DeclarationError("say where the features go: --out FOLDER, or --as-table schema.table")
    learned = Fit.read(path)
    began = time.monotonic()
    with open_store(warehouse) as store:
        if as_table is not None:
            write_table(store, table, learned, as_table)
            console.print(f"{len(learned.features):,} features of {table} are the table {as_table}")
            return
        assert out is not None
        prepared = write_features(store, table, learned, out)
    seconds = time.monotonic() - began
    rows = sum(prepared.manifest["rows"].values())
    console.print(
        f"{rows:,} rows, {len(learned.features)} features into {out} in {seconds:,.1f} s "
        f"({rows / max(seconds, 1e-9):,.0f} rows/s); peak memory {peak_mb():,.0f} MB"
    )
