"""dlt's BigQuery destination, as a load needs it. Imports dlt, so not before a run has its working folder."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from dlt.common.configuration import configspec
from dlt.common.configuration.specs import GcpServiceAccountCredentials
from dlt.destinations.impl.bigquery.bigquery import BigQueryClient, BigQueryMergeJob
from google.cloud import bigquery

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
            self.sql_client.open_connection = self._open  # type: ignore[method-assign]

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

    class Destination(dlt.destinations.bigquery):  # type: ignore[misc]
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
