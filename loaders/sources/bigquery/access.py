"""How BigQuery is reached: credentials by Google's own chain, or none with an emulator.

BIGQUERY_EMULATOR_HOST and BIGQUERY_STORAGE_EMULATOR_HOST are an emulator's addresses, `http://127.0.0.1:9050` and
`127.0.0.1:9060`; GOOGLE_CLOUD_PROJECT is the project that pays.
"""

import os
from dataclasses import dataclass
from typing import Any

from loaders.errors import AccessRefused, DeclarationError

DEFAULT_EMULATED_PROJECT = "emulated"
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
        """Clients for the project, or GOOGLE_CLOUD_PROJECT, or that of the credentials.

        Raises `DeclarationError` without Google's libraries or a project, and `AccessRefused` without credentials.
        """
        try:
            import google.auth
            import grpc
            from google.auth.credentials import AnonymousCredentials
            from google.auth.exceptions import DefaultCredentialsError
            from google.cloud import bigquery
            from google.cloud.bigquery_storage_v1.services.big_query_read import BigQueryReadClient
            from google.cloud.bigquery_storage_v1.services.big_query_read.transports import BigQueryReadGrpcTransport
        except ImportError as error:
            raise DeclarationError(
                f"BigQuery needs Google's libraries ({error.name} is missing): pip install 'millrace[bigquery]'"
            ) from error
        project = project or os.environ.get("GOOGLE_CLOUD_PROJECT")
        if address := os.environ.get("BIGQUERY_STORAGE_EMULATOR_HOST"):
            project = project or DEFAULT_EMULATED_PROJECT
            transport = BigQueryReadGrpcTransport(channel=grpc.insecure_channel(address, options=CHANNEL))
            nobody = AnonymousCredentials()  # type: ignore[no-untyped-call]
            return cls(project, bigquery.Client(project, nobody), BigQueryReadClient(transport=transport))
        try:
            credentials, found = google.auth.default()
        except DefaultCredentialsError as error:
            raise AccessRefused(
                "no Google credentials; run `gcloud auth application-default login`, or name a service account's key "
                "in GOOGLE_APPLICATION_CREDENTIALS"
            ) from error
        if not (project := project or found):
            raise DeclarationError("say which project pays for reading: set GOOGLE_CLOUD_PROJECT")
        channel = BigQueryReadGrpcTransport.create_channel(credentials=credentials, options=CHANNEL)
        transport = BigQueryReadGrpcTransport(channel=channel)
        return cls(project, bigquery.Client(project, credentials), BigQueryReadClient(transport=transport))
