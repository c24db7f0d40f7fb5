"""dlt's Postgres destination, as a load needs it. Imports dlt, so not before a run has its working folder."""

from collections.abc import Sequence
from typing import Any

import pyarrow.parquet as pq
from dlt.destinations.impl.postgres.postgres import PostgresClient
from dlt.destinations.job_impl import FinalizedLoadJobWithFollowupJobs
from dlt.destinations.sql_jobs import SqlMergeFollowupJob

# Hints on a table: the column whose values its partitions are, and those that each partition has an index of.
PARTITION_HINT, INDEXES_HINT = "x-millrace-partition", "x-millrace-indexes"


class SwapPartition(SqlMergeFollowupJob):
    """The replacement of a partition: what was staged becomes the partition itself, in one transaction.

    Everything that takes time is done while nobody else knows the table: its indexes, and the constraint that spares
    Postgres the reading of all rows when it is attached. Readers wait from DETACH to COMMIT, which is milliseconds.
    """

    @classmethod
    def generate_sql(cls, table_chain: Sequence[Any], sql_client: Any) -> list[str]:
        [table] = table_chain
        column, name = table[PARTITION_HINT], table["name"]
        with sql_client.with_staging_dataset():
            staged, staging = sql_client.make_qualified_table_name(name), sql_client.fully_qualified_dataset_name()
        whole, schema = sql_client.make_qualified_table_name(name), sql_client.fully_qualified_dataset_name()
        values = _column(sql_client, f"SELECT DISTINCT {column} FROM {staged} LIMIT 2")
        if len(values) != 1 or not _is_partitioned(sql_client, whole):
            # Nothing to attach, or a table of an older version: the rows are replaced one by one.
            return super().generate_sql(table_chain, sql_client)
        [value] = values
        partition = f"{name}__{value}"
        moved = f'{schema}."{partition}"'
        indexes = [f'CREATE INDEX "{partition}__{one}" ON {staged} ("{one}")' for one in table[INDEXES_HINT]]
        old = [f"ALTER TABLE {whole} DETACH PARTITION {moved}", f"DROP TABLE {moved}"]
        return [
            *indexes,
            f'ALTER TABLE {staged} ADD CONSTRAINT "{partition}" CHECK ({column} IS NOT NULL AND {column} = {value})',
            f"ANALYZE {staged}",
            f'ALTER TABLE {staged} RENAME TO "{partition}"',
            *(old if _column(sql_client, f"SELECT to_regclass('{moved}')::text") != [None] else []),
            f'ALTER TABLE {staging}."{partition}" SET SCHEMA {schema}',
            f"ALTER TABLE {whole} ATTACH PARTITION {moved} FOR VALUES IN ({value})",
            f"CREATE TABLE {staged} (LIKE {whole})",  # for the next load
        ]


def _is_partitioned(sql_client: Any, table: str) -> bool:
    return _column(sql_client, f"SELECT relkind::text FROM pg_class WHERE oid = '{table}'::regclass") == ["p"]


def _column(sql_client: Any, sql: str) -> list[Any]:
    with sql_client.execute_query(sql) as cursor:
        return [row[0] for row in cursor.fetchall()]


class Client(PostgresClient):
    """Takes parts without rows, and swaps the partitions of tables that have them."""

    def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
        """A part without rows is not copied: the driver fails on it, and the merge still takes the old rows away."""
        if file_path.endswith(".parquet") and pq.read_metadata(file_path).num_rows == 0:
            return FinalizedLoadJobWithFollowupJobs(file_path)
        return super().create_load_job(table, file_path, load_id, restore)

    def _get_table_update_sql(self, table_name: str, new_columns: Any, generate_alter: bool) -> list[str]:
        statements = super()._get_table_update_sql(table_name, new_columns, generate_alter)
        column = self.prepare_load_table(table_name).get(PARTITION_HINT)
        if column and not generate_alter and not self.sql_client.is_staging_dataset_active:
            statements[0] += f" PARTITION BY LIST ({column})"
        return statements

    def _create_merge_followup_jobs(self, table_chain: Sequence[Any]) -> list[Any]:
        if PARTITION_HINT in table_chain[0]:
            with self.sql_client:  # asked for what is there; dlt connects only for the job itself
                return [SwapPartition.from_table_chain(table_chain, self.sql_client)]
        return super()._create_merge_followup_jobs(table_chain)


def destination(dlt: Any, url: str) -> Any:
    """The destination for the server at `url`."""

    class Destination(dlt.destinations.postgres):  # type: ignore[misc]
        client_class = Client

    return Destination(url, destination_name="postgres", supports_transactions=True)
