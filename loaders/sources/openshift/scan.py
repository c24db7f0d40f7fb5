"""Pod reports on this disk, read by DuckDB itself: four times as fast as through batches.

Only reports without any fault come out of it. Those that have some are read by the batch, which says what they are.
"""

from collections.abc import Mapping, Sequence

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from loaders.catalogue import Dataset, Field
from loaders.sources.openshift.report import LARGEST_NUMBER, Labels, wanted_columns


class NotClean(Exception):
    """A report that has to be read by the batch."""


def scan(paths: Mapping[str, str], hours: Dataset, sql: str, engine: duckdb.DuckDBPyConnection) -> pa.Table:
    """What a query makes of parquet files, given as path by name.

    `hours` is the report as declared. The query has two views of it: `hours`, of which the first row that
    `report.read` would reject ends the query, and `unchecked`, for other columns of what `hours` has been through.
    Raises `NotClean`, and `SourceChanged` for columns that are missing or not declared and for labels that are none.
    """
    fields = _fields(paths, hours)
    try:
        report = engine.from_parquet(list(paths.values()), union_by_name=True, hive_partitioning=False)
        report.create_view("report", replace=True)
        engine.execute(f"CREATE OR REPLACE VIEW unchecked AS SELECT {_typed(hours, fields)} FROM report")
        engine.execute(f"CREATE OR REPLACE VIEW hours AS SELECT * FROM unchecked WHERE {_checked(fields)}")
        table = engine.execute(sql).to_arrow_table()
    except duckdb.Error as error:
        raise NotClean from error
    return _with_labels(table, fields, ", ".join(paths))


_IS_TYPED = {
    "double": pa.types.is_floating,
    "timestamp": pa.types.is_timestamp,
    "string": pa.types.is_string,
    "json": pa.types.is_string,
}
_READ = {
    "double": "coalesce({0}, 0.0::DOUBLE)",
    "timestamp": "{0}::TIMESTAMPTZ",  # in UTC, as the engine is
    "string": "coalesce({0}, '')",
    "json": "CASE WHEN {0} <> '' THEN {0} ELSE '{{}}' END",
}


def _fields(paths: Mapping[str, str], hours: Dataset) -> list[Field]:
    """The declared columns that the files have, each typed as DuckDB needs it."""
    found: set[str] = set()
    for name, path in paths.items():
        try:
            schema = pq.read_schema(path)
        except (pa.ArrowException, OSError) as error:
            raise NotClean from error
        columns = wanted_columns(schema.names, hours, name)
        for field in hours.published:
            if field.key in columns and not _IS_TYPED[field.type](schema.field(field.key).type):
                raise NotClean
        found.update(columns)
    return [field for field in hours.published if field.key in found]


def _typed(hours: Dataset, fields: Sequence[Field]) -> str:
    """Columns as `report.read` types them; what no file has is null."""
    read = {field.key: _READ[field.type].format(field.key) for field in fields}
    return ", ".join(f"{read.get(field.key, 'NULL')} AS {field.key}" for field in hours.published)


def _checked(fields: Sequence[Field]) -> str:
    """That a row is as good as `report.read` wants it, or else the query ends."""
    numbers = ", ".join(field.key for field in fields if field.type == "double")
    times = " AND ".join(f"{field.key} IS NOT NULL" for field in fields if field.type == "timestamp")
    # What is not a number is larger than all that are. Column by column DuckDB would trust the file's statistics, which
    # leave it out.
    good = f"greatest({numbers}) <= {LARGEST_NUMBER} AND least({numbers}) > '-infinity'::DOUBLE AND {times}"
    return f"CASE WHEN {good} THEN true ELSE error('rejected') END"


def _with_labels(table: pa.Table, fields: Sequence[Field], names: str) -> pa.Table:
    """The table with its label texts checked. Raises `NotClean` if one is the operator's: JSON yet to be made."""
    labels = Labels(names)
    for key in (field.key for field in fields if field.type == "json" and field.key in table.schema.names):
        if not labels.check(pc.unique(table.column(key))):
            raise NotClean
    return table
