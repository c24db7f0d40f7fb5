"""dlt's Postgres destination, as a load needs it. Imports dlt, so not before a run has its working folder."""

from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
from dlt.common.destination.client import HasFollowupJobs, RunnableLoadJob
from dlt.destinations.impl.postgres.postgres import PostgresClient
from dlt.destinations.job_impl import FinalizedLoadJobWithFollowupJobs
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

from loaders.budget import budget

# Hints on a table: the column whose values its partitions are, those that each partition has an index of, and those
# that have one value in all rows of a partition, with that value in SQL.
PARTITION_HINT, INDEXES_HINT, CONSTANTS_HINT = "x-millrace-partition", "x-millrace-indexes", "x-millrace-constants"

TEXT_ROWS = 8_192  # written as text at once: two megabytes of a wide table


class SwapPartition(SqlMergeFollowupJob):
    """The replacement of a partition: what was staged becomes the partition itself, in one transaction.

    Everything that takes time is done while nobody else knows the table: its indexes, and the constraint that spares
    Postgres the reading of all rows when it is attached. Readers wait from DETACH to COMMIT, which is milliseconds.

    Columns that are constant in the partition were not copied; here they are added with their value as the default,
    which Postgres writes into no row. Of a year of sales they would be 30 % of the table.
    """

    @classmethod
    def generate_sql(cls, table_chain: Sequence[Any], sql_client: Any) -> list[str]:
        [table] = table_chain
        column, constants, name = table[PARTITION_HINT], table[CONSTANTS_HINT], table["name"]
        with sql_client.with_staging_dataset():
            staged, staging = sql_client.make_qualified_table_name(name), sql_client.fully_qualified_dataset_name()
        whole, schema = sql_client.make_qualified_table_name(name), sql_client.fully_qualified_dataset_name()
        if not _column(sql_client, f"SELECT 1 FROM {staged} LIMIT 1"):  # nothing to attach
            return super().generate_sql(table_chain, sql_client)
        quoted = sql_client.escape_column_name
        settled = [
            f"ALTER TABLE {staged} DROP COLUMN {quoted(one)}, "
            f"ADD COLUMN {quoted(one)} {_type(sql_client, staged, one)} DEFAULT {value}"
            for one, value in constants.items()
        ]
        if not _is_partitioned(sql_client, whole):  # a table of an older version: the rows are replaced one by one
            return [*settled, *super().generate_sql(table_chain, sql_client)]
        value = constants[column]
        partition = f"{name}__{value}"
        moved = f'{schema}."{partition}"'
        indexes = [f'CREATE INDEX "{partition}__{one}" ON {staged} ({quoted(one)})' for one in table[INDEXES_HINT]]
        old = [f"ALTER TABLE {whole} DETACH PARTITION {moved}", f"DROP TABLE {moved}"]
        it = quoted(column)
        return [
            *settled,
            *indexes,
            f'ALTER TABLE {staged} ADD CONSTRAINT "{partition}" CHECK ({it} IS NOT NULL AND {it} = {value})',
            f"ANALYZE {staged}",
            f'ALTER TABLE {staged} RENAME TO "{partition}"',
            f"CREATE TABLE {staged} (LIKE {whole})",  # for the next load, before anybody waits
            *(old if _column(sql_client, f"SELECT to_regclass('{moved}')::text") != [None] else []),
            f'ALTER TABLE {staging}."{partition}" SET SCHEMA {schema}',
            f"ALTER TABLE {whole} ATTACH PARTITION {moved} FOR VALUES IN ({value})",
        ]


def _is_partitioned(sql_client: Any, table: str) -> bool:
    return _column(sql_client, f"SELECT relkind::text FROM pg_class WHERE oid = '{table}'::regclass") == ["p"]


def _type(sql_client: Any, table: str, column: str) -> str:
    of_column = f"attrelid = '{table}'::regclass AND attname = '{column}'"
    [name] = _column(sql_client, f"SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE {of_column}")
    return str(name)


def _column(sql_client: Any, sql: str) -> list[Any]:
    with sql_client.execute_query(sql) as cursor:
        return [row[0] for row in cursor.fetchall()]


class CopyAsText(RunnableLoadJob, HasFollowupJobs):
    """Copies a part as text, without the columns that are constant in its table.

    Of rows that are text and mostly empty, this takes a third of the processor time that the binary form takes on our
    side, and no more on the server's. Of numbers and instants it takes three times as much.
    """

    def __init__(self, file_path: str, constants: Sequence[str]) -> None:
        super().__init__(file_path)
        self._constants = constants

    def run(self) -> None:
        client: Any = self._job_client
        sql_client = client.sql_client
        with pq.ParquetFile(self._file_path) as file:
            copied = [name for name in file.schema_arrow.names if name not in self._constants]
            names = ", ".join(map(sql_client.escape_column_name, copied))
            into = f"{sql_client.make_qualified_table_name(self.load_table_name)} ({names})"
            rows = _Text(file.iter_batches(budget().of(TEXT_ROWS), columns=copied))
            with sql_client.begin_transaction(), sql_client.native_connection.cursor() as cursor:
                cursor.copy_expert(f"COPY {into} FROM STDIN (FORMAT csv, ENCODING 'UTF8')", rows)


class _Text:
    """Batches as CSV, for the driver to read. Texts are quoted, so that an empty one is not a missing one."""

    def __init__(self, batches: Iterator[pa.RecordBatch]) -> None:
        self._batches = batches

    def read(self, size: int) -> bytes:
        """The next batch, of whatever size: the driver passes it on as it is."""
        batch = next(self._batches, None)
        if batch is None:
            return b""
        written = pa.BufferOutputStream()
        pv.write_csv(batch, written, pv.WriteOptions(include_header=False))
        return bytes(written.getvalue())


class Client(PostgresClient):
    """Takes parts without rows, and swaps the partitions of tables that have them."""

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        """A part without rows is not copied: the driver fails on it, and the merge still takes the old rows away."""
        if file_path.endswith(".parquet") and pq.read_metadata(file_path).num_rows == 0:
            return FinalizedLoadJobWithFollowupJobs(file_path)
        if file_path.endswith(".parquet") and PARTITION_HINT in table:
            return CopyAsText(file_path, table[CONSTANTS_HINT])
        return super().create_load_job(table, file_path, load_id, restore)

    def _get_table_update_sql(self, table_name: str, new_columns: Any, generate_alter: bool) -> list[str]:
        statements = super()._get_table_update_sql(table_name, new_columns, generate_alter)
        column: Any = self.prepare_load_table(table_name).get(PARTITION_HINT)
        if column and not generate_alter and not self.sql_client.is_staging_dataset_active:
            statements[0] += f" PARTITION BY LIST ({self.sql_client.escape_column_name(column)})"
        return statements

    def _create_merge_followup_jobs(self, table_chain: Sequence[Any]) -> list[Any]:
        if PARTITION_HINT in table_chain[0]:
            with self.sql_client:  # asked for what is there; dlt connects only for the job itself
                return [SwapPartition.from_table_chain(table_chain, self.sql_client)]
        return super()._create_merge_followup_jobs(table_chain)


def destination(dlt: Any, url: str) -> Any:
    """The destination for the server at `url`."""

    class Destination(dlt.destinations.postgres):  # type: ignore[misc]  # a class that dlt makes as it is imported
        client_class = Client

    return Destination(url, destination_name="postgres", supports_transactions=True)
