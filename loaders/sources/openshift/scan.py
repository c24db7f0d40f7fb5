"""A pod report on this disk, read by DuckDB itself: four times as fast as through batches, and on two cores.

Only a report without any fault comes out of it. One that has some is read by the batch, which says which rows they are.
"""

from collections.abc import Callable, Mapping
from typing import IO

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileOpener  # type: ignore[import-untyped]

from loaders.catalogue import Dataset, Field
from loaders.sources.openshift.report import LARGEST_NUMBER, Labels, wanted_columns

Setting = str | bool | int | float | list[str]

THREADS = 2  # row groups are decoded side by side; more of them hold more in memory than they save in time


def scan(
    file: IO[bytes], hours: Dataset, name: str, sql: Callable[[list[str]], str], config: Mapping[str, Setting]
) -> pa.Table | None:
    """What a query of the view `hours` makes of the file; None if that is no parquet on disk, or has a fault.

    `hours` is the report as declared, `sql` the query for the columns that the file has. Raises `SourceChanged` for
    columns that are missing or not declared, and for labels that are none.
    """
    if not isinstance(file, LocalFileOpener):
        return None
    try:
        schema = pq.read_schema(file.path)
    except (pa.ArrowException, OSError):
        return None
    columns = wanted_columns(schema.names, hours, name)
    fields = [field for field in hours.published if field.key in columns]
    if not all(_IS_TYPED[field.type](schema.field(field.key).type) for field in fields):
        return None
    with duckdb.connect(config={**config, "threads": THREADS}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.from_parquet(file.path).create_view("report")
        try:
            connection.execute(f"CREATE VIEW hours AS {_hours(fields)}")
            table = connection.execute(sql(columns)).to_arrow_table()
        except duckdb.Error:
            return None
    return _with_labels(table, fields, name)


_IS_TYPED: dict[str, Callable[[pa.DataType], bool]] = {
    "double": pa.types.is_floating,
    "timestamp": pa.types.is_timestamp,
    "string": pa.types.is_string,
    "json": pa.types.is_string,
}
_READ = {
    "double": "coalesce({0}, 0.0::DOUBLE)",
    "timestamp": "{0}::TIMESTAMPTZ",  # in UTC, as the connection is
    "string": "coalesce({0}, '')",
    "json": "CASE WHEN {0} <> '' THEN {0} ELSE '{{}}' END",
}


def _hours(fields: list[Field]) -> str:
    """Rows as `report.read` types them. The first that it would reject ends the query."""
    numbers = ", ".join(field.key for field in fields if field.type == "double")
    times = " AND ".join(f"{field.key} IS NOT NULL" for field in fields if field.type == "timestamp")
    # What is not a number is larger than all that are.
    good = f"greatest({numbers}) <= {LARGEST_NUMBER} AND least({numbers}) > '-infinity'::DOUBLE AND {times}"
    read = ", ".join(f"{_READ[field.type].format(field.key)} AS {field.key}" for field in fields)
    return f"SELECT {read} FROM report WHERE CASE WHEN coalesce({good}, true) THEN true ELSE error('rejected') END"


def _with_labels(table: pa.Table, fields: list[Field], name: str) -> pa.Table | None:
    """The table with its label texts checked; None if one is the operator's, which stand for JSON yet to be made."""
    labels = Labels(name)
    for key in (field.key for field in fields if field.type == "json" and field.key in table.schema.names):
        texts = table.column(key).combine_chunks().dictionary_encode()
        if not pc.all(pc.starts_with(texts.dictionary, "{"), min_count=0).as_py():
            return None
        table = table.set_column(table.schema.get_field_index(key), key, labels.column(texts))
    return table
