"""dlt's BigQuery destination, as a load needs it. Imports dlt, so not before a run has its working folder."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import GcpServiceAccountCredentials
from dlt.destinations.exceptions import LoadJobTerminalException
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient, BigQueryLoadJob, BigQueryMergeJob
from google.cloud import bigquery

from loaders.errors import WarehouseUnavailable

if TYPE_CHECKING:
    from loaders.destination.bigquery import BigQuery


class MergeInOneJob(BigQueryMergeJob):
    """The replacement of a window as one script that is one transaction.

    dlt would open a session and send it statement by statement: a process that is killed between two of them leaves a
    transaction that holds the table for hours. A script is finished or undone by BigQuery, whoever is there to see it.
    """

    @classmethod
    def generate_sql(cls, table_chain: Sequence[Any], sql_client: Any) -> list[str]:
        return ["BEGIN TRANSACTION", *super().generate_sql(table_chain, sql_client), "COMMIT TRANSACTION"]


def destination(dlt: Any, warehouse: "BigQuery", credentials: Any) -> Any:
    """The destination for a warehouse, asking with Google's `credentials`."""

    @configspec
    class Given(GcpServiceAccountCredentials):
        def to_native_credentials(self) -> Any:
            return credentials

    class Client(BigQueryClient):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            self._connect = self.sql_client.open_connection
            self.sql_client.open_connection = self._open  # type: ignore[method-assign]  # dlt gives no other place for it

        def _open(self) -> Any:
            client: Any = self._connect()
            client.default_query_job_config = bigquery.QueryJobConfig(labels=warehouse.labels)
            client.default_load_job_config = bigquery.LoadJobConfig(labels=warehouse.labels)
            # The answers are small, and streams of Storage Read would take another permission and another host.
            client._ensure_bqstorage_client = lambda *_, **__: None
            return client

        def initialize_storage(self, truncate_tables: Iterable[str] | None = None) -> None:
            # BigQuery's own sends a script, of a second, even where there is no table of a guessed schema to truncate.
            super(BigQueryClient, self).initialize_storage(truncate_tables or ())

        def _create_merge_followup_jobs(self, table_chain: Sequence[Any]) -> list[Any]:
            return [MergeInOneJob.from_table_chain(table_chain, self.sql_client)]

        def create_load_job(self, table: Any, file_path: str, load_id: str, restore: bool = False) -> Any:
            job = super().create_load_job(table, file_path, load_id, restore)
            if warehouse.staging is not None and isinstance(job, BigQueryLoadJob):
                return LoadStaged(file_path, self.config.http_timeout, self.config.retry_deadline)
            return job

    class LoadStaged(BigQueryLoadJob):
        """A load job of a part that stands in the bucket until the job has ended, whichever way."""

        def run(self) -> None:
            staging = warehouse.staging
            assert staging is not None
            bucket = staging.open(warehouse.project, credentials)
            folders = *warehouse.staged(self._schema.name), self._load_id
            client: Any = self._job_client.sql_client.native_connection  # of this job alone
            try:
                with staging.holding(bucket, Path(self._file_path), *folders) as uri:
                    client.load_table_from_file = lambda _, *to, **asked: client.load_table_from_uri(uri, *to, **asked)
                    super().run()
            except WarehouseUnavailable as error:  # Google's client has tried again where that could help
                raise LoadJobTerminalException(self._file_path, str(error)) from error

    class Destination(dlt.destinations.bigquery):  # type: ignore[misc]  # a class that dlt makes as it is imported
        client_class = Client

    given = Given()
    given.project_id, given.private_key, given.client_email = warehouse.project, "given\n", "given"
    given.resolve()
    return Destination(
        credentials=given,
        location=warehouse.location,
        project_id=warehouse.project,
        destination_name="bigquery",
    )
