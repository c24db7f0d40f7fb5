"""A table as training, validation and test files, in constant memory: fit in the warehouse, transform as it streams."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders.errors import DeclarationError, SourceChanged
from loaders.features.columns import Column
from loaders.features.fit import SPLIT_COLUMN, Wishes, fit
from loaders.features.fitted import Fit
from loaders.features.in_warehouse import features_sql
from loaders.features.split import SPLITS, HashSplit, TemporalSplit
from loaders.features.store import Store, open_store
from loaders.features.transform import Transformer
from loaders.lake import new_folder
from loaders.memory import give_back

FIT = "_fit.json"


@dataclass(frozen=True)
class Prepared:
    """Features on disk: `split=train|val|test/part-*.parquet`, `_fit.json` and `_manifest.json` below `folder`."""

    folder: Path
    fit: Fit
    manifest: dict[str, Any]

    @property
    def features(self) -> list[str]:
        """Names of the feature columns, in order."""
        return self.fit.features

    def batches(self, split: str) -> Iterator[pa.RecordBatch]:
        """The rows of `train`, `val` or `test`, some at a time: key, target and features."""
        for path in sorted((self.folder / f"{SPLIT_COLUMN}={split}").glob("*.parquet")):
            with pq.ParquetFile(path) as file:
                yield from file.iter_batches()


def prepare_data(
    table: str,
    target_column: str,
    *,
    index_col: str,
    folder: Path | str,
    force_categorical_columns: Sequence[str] = (),
    drop_columns: Sequence[str] = (),
    high_null_threshold: float = 0.9,
    limit: int | None = None,
    split: HashSplit | TemporalSplit | None = None,
    max_categories: int = 50,
    other: bool = False,
    time_zone: str = "UTC",
    warehouse: str | None = None,
) -> Prepared:
    """Split, fit and transform a table of the warehouse into parquet files below `folder`, which is replaced.

    `index_col` names a row, or its day: by its md5 rows are put into train (80 %), val (10 %) and test, and a time
    splits by time; `split` says otherwise. Medians, means, scales and vocabularies are those of the training rows
    alone. A column with a larger share of nulls than `high_null_threshold` there is dropped. `limit` is a number of
    rows, the same ones each time. `warehouse` is duckdb, postgres or bigquery, by default MILLRACE_WAREHOUSE.

    Raises `DeclarationError` for a wish that cannot be met, `SourceChanged` if the table changes meanwhile, and
    `WarehouseUnavailable`.
    """
    wishes = Wishes(
        target_column=target_column,
        index_col=index_col,
        force_categorical_columns=force_categorical_columns,
        drop_columns=drop_columns,
        high_null_threshold=high_null_threshold,
        limit=limit,
        split=split,
        max_categories=max_categories,
        other=other,
        time_zone=time_zone,
    )
    with open_store(warehouse) as store:
        return write_features(store, table, fit(store, table, wishes), Path(folder), unchanged=True)


def write_features(store: Store, table: str, learned: Fit, folder: Path, unchanged: bool = False) -> Prepared:
    """Stream a table through a fit into files. With `unchanged` the table has to have the rows that were fitted.

    Raises `SourceChanged` when the table has lost a column of the fit, or has it with another kind of value.
    """
    check_columns(store, table, learned)
    give_back()
    transformer = Transformer(learned)
    with new_folder(folder, [f"{SPLIT_COLUMN}={name}" for name in SPLITS]) as files:
        rows = dict.fromkeys(SPLITS, 0)
        for raw in store.read(table, learned.inputs):
            split = transformer.split(raw)
            features = transformer.transform(raw)
            for name in SPLITS:
                chosen = features.filter(pc.equal(split, name))
                rows[name] += chosen.num_rows
                files.write(chosen, f"{SPLIT_COLUMN}={name}")
        if unchanged and rows != learned.rows:
            raise SourceChanged(
                f"{table} changed between fit and transformation: {learned.rows} rows were fitted and {rows} were "
                "read. Run it again when nothing writes to the table"
            )
        text = learned.model_dump_json(indent=2) + "\n"
        (files.partial / FIT).write_text(text, encoding="utf-8")
        facts = {
            "table": table,
            "fit_sha256": sha256(text.encode()).hexdigest(),
            "key": learned.key.name,
            "target": learned.target.name,
            "features": learned.features,
        }
        manifest = files.finish(facts)
    return Prepared(folder, learned, manifest)


def write_table(store: Store, table: str, learned: Fit, into: str) -> None:
    """The same features as a table of the warehouse, `into`, which is replaced. Raises as `write_features`.

    Raises `DeclarationError` if that is the table itself.
    """
    if store.name(into).casefold() == store.name(table).casefold():  # DuckDB does not tell A from a
        raise DeclarationError(f"{into} is the table that is read; its rows would be lost. Take another name")
    check_columns(store, table, learned)
    key = store.dialect.column(learned.key)
    [(without,)] = store.query(f"SELECT COUNT(*) FROM {store.name(table)} AS t WHERE {key} IS NULL")
    if without:
        raise SourceChanged(f"{table}: {learned.key.name} is null in {without:,} rows, so they belong to no split")
    store.replace(into, features_sql(learned, store.name(table), store.dialect))


def check_columns(store: Store, table: str, learned: Fit) -> None:
    """Raise `SourceChanged` unless the table has every column of the fit with its kind. New columns are ignored."""
    kinds = {column.path: column.kind for column in store.columns(table) if isinstance(column, Column)}
    for column in learned.inputs:
        if (kind := kinds.get(column.path)) != column.kind:
            found = "is not a single plain value there any more" if kind is None else f"is {kind} there"
            raise SourceChanged(f"{table}: {column.name} was {column.kind} when it was fitted and {found}; fit again")
