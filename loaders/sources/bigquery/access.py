"""How BigQuery is reached: in the project and with the credentials that loads into it have, or those of an emulator.

MILLRACE_BIGQUERY_LABELS are on every job. No location is: a query runs where its tables lie, which need not be where
loads write to, and BigQuery finds that out by itself.

BIGQUERY_EMULATOR_HOST and BIGQUERY_STORAGE_EMULATOR_HOST are an emulator's addresses, `http://127.0.0.1:9050` and
`127.0.0.1:9060`.
"""

import os
from dataclasses import dataclass
from typing import Any

from loaders.destination.bigquery import EMULATOR, labels_of_environment
from loaders.destination.google_credentials import google_credentials
from loaders.errors import DeclarationError

STORAGE_EMULATOR = "BIGQUERY_STORAGE_EMULATOR_HOST"  # Google's own clients know only the address of the other half
CHANNEL = [
    ("grpc.max_receive_message_length", -1),  # a message of rows has up to 100 MiB
    # A connection that died without a word (a laptop asleep, a firewall) is found out after this many milliseconds.
    ("grpc.keepalive_time_ms", 60_000),
    ("grpc.keepalive_timeout_ms", 20_000),
]


@dataclass(frozen=True)
class Access:
    """The clients of one run: `rest` asks about tables and runs queries, `storage` reads rows."""

    project: str
    rest: Any  # google.cloud.bigquery.Client
    storage: Any  # BigQueryReadClient

    @classmethod
    def of_environment(cls, project: str | None = None) -> "Access":
        """Clients for the project, or MILLRACE_BIGQUERY_PROJECT, or GOOGLE_CLOUD_PROJECT.

        Raises `DeclarationError` without Google's libraries or a project or for a label that is none, and
        `WarehouseUnavailable` without credentials.
        """
        try:
            import grpc
            from google.cloud import bigquery
            from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
            from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
        except ImportError as error:
            raise DeclarationError(
                f"BigQuery needs Google's libraries ({error.name} is missing): pip install 'millrace[bigquery]'"
            ) from error
        project = project or os.environ.get("MILLRACE_BIGQUERY_PROJECT") or os.environ.get("GOOGLE_CLOUD_PROJECT")
        if not project:
            raise DeclarationError("say which project pays for reading: write its id in MILLRACE_BIGQUERY_PROJECT")
        address = os.environ.get(STORAGE_EMULATOR)
        if (address is None) != (EMULATOR not in os.environ):
            # The other half would be Google's own, with the caller's own credentials.
            there, missing = (STORAGE_EMULATOR, EMULATOR) if address else (EMULATOR, STORAGE_EMULATOR)
            raise DeclarationError(f"{there} names an emulator: write its other address in {missing}, or neither")
        credentials = google_credentials(anonymous=address is not None)
        if address is not None:
            channel = grpc.insecure_channel(address, options=CHANNEL)
        else:
            channel = BigQueryReadGrpcTransport.create_channel(credentials=credentials, options=CHANNEL)
        storage = BigQueryReadClient(transport=BigQueryReadGrpcTransport(channel=channel))
        labelled = bigquery.QueryJobConfig(labels=labels_of_environment())
        return cls(project, bigquery.Client(project, credentials, default_query_job_config=labelled), storage)
