"""BigQuery: the project MILLRACE_BIGQUERY_PROJECT (or GOOGLE_CLOUD_PROJECT), in MILLRACE_BIGQUERY_LOCATION.

MILLRACE_BIGQUERY_PREFIX goes before the name of every dataset, for a project that is shared; MILLRACE_BIGQUERY_LABELS
(`team=power,env=dev`) onto every job and new dataset; MILLRACE_BIGQUERY_STAGING (`gs://bucket/prefix`) is where parts
are loaded from, if not from here. Who asks: see `google_credentials`.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import pyarrow as pa

from loaders.budget import Peaks
from loaders.catalogue import Dataset, Field
from loaders.destination.google_credentials import google_credentials
from loaders.destination.google_errors import advice
from loaders.destination.lease import Lease
from loaders.destination.staging import VARIABLE as STAGING
from loaders.destination.staging import Staging
from loaders.destination.warehouse import RAW, Warehouse
from loaders.errors import DeclarationError, WarehouseUnavailable

EMULATOR = "BIGQUERY_EMULATOR_HOST"  # Google's own clients read it, and dlt and dbt through them
ANSWERS_WITHIN_SECONDS = 30.0  # or it is taken to be away; Google's own client tries for forty minutes
LAYOUTS = {  # how a column puts rows into partitions, by its type and the declared length of one
    ("date", "day"): "{column_name}",
    ("date", "month"): "DATE_TRUNC({column_name}, MONTH)",
    ("timestamp", "day"): "DATE({column_name})",
    ("timestamp", "month"): "TIMESTAMP_TRUNC({column_name}, MONTH)",
}
# In a text; a semicolon by its number, since dlt cuts SQL into statements at these, wherever they stand.
ESCAPED = str.maketrans({"\\": r"\\", "'": r"\'", "\n": r"\n", "\r": r"\r", ";": r"\x3b"})
YEARS = "RANGE_BUCKET({column_name}, GENERATE_ARRAY(1900, 2101, 1))"  # of a window that is a year


@dataclass(frozen=True)
class BigQuery(Warehouse):
    """A project; several loads may run at once, each on datasets of its own."""

    project: str
    location: str = "EU"
    prefix: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    staging: Staging | None = None
    name: ClassVar[str] = "bigquery"
    part_values: ClassVar[int] = 12_000_000  # a part is streamed from its file
    peaks: ClassVar[Peaks] = {1: 370}  # reckoned, not measured: Postgres's, and 142 for Google's clients
    commit_rows: ClassVar[int] = 1_000_000  # a table takes 1,500 load jobs a day, and the ledger one a commit
    load_workers: ClassVar[int] = 4  # a load job is mostly waited for
    timestamp_type: ClassVar[str] = "TIMESTAMP"
    version_sql: ClassVar[str] = "'answers'"  # a service, without versions

    @classmethod
    def of_environment(cls) -> Self:
        """Raises `DeclarationError` without a project."""
        read = os.environ.get
        project = read("MILLRACE_BIGQUERY_PROJECT") or read("GOOGLE_CLOUD_PROJECT")
        if not project:
            raise DeclarationError("no project: write the id of a Google Cloud project in MILLRACE_BIGQUERY_PROJECT")
        location, prefix = read("MILLRACE_BIGQUERY_LOCATION", cls.location), read("MILLRACE_BIGQUERY_PREFIX", "")
        staging = Staging.at(place) if (place := read(STAGING)) else None
        return cls(project, location, prefix, labels_of_environment(), staging)

    def reach(self) -> None:
        with self._client():
            pass

    @contextmanager
    def connect(self, dlt: Any, columns: int) -> Iterator[Any]:
        from loaders.destination.bigquery_jobs import destination

        yield destination(dlt, self, _credentials())

    @contextmanager
    def lock(self, datasets: Sequence[Dataset]) -> Iterator[None]:
        """A table that expires stands for each lock: BigQuery has no other, and creates a table only once."""
        with self._client() as client, ExitStack() as held:
            with self._advising():
                self._create_schemas(client)
                for dataset in sorted(datasets, key=lambda one: one.label):
                    place = f"{self.project}.{self.schema(RAW)}.{dataset.table}__lock"
                    held.enter_context(Lease(client, place, dataset.label))
                if self.staging is not None:
                    bucket = self.staging.open(self.project, _credentials())
                    for dataset in datasets:
                        self.staging.sweep(bucket, *self.staged(dataset.pipeline))
            yield

    @contextmanager
    def _client(self) -> Iterator[Any]:
        """Google's client of a service that answers. Raises `WarehouseUnavailable`."""
        from google.api_core.exceptions import ClientError
        from google.cloud import bigquery

        with bigquery.Client(self.project, _credentials(), location=self.location) as client:
            # Once it has answered, whatever it says, clients may be as patient as they are: it is not away for good.
            retry = bigquery.DEFAULT_RETRY.with_timeout(ANSWERS_WITHIN_SECONDS)
            with self._advising(), suppress(ClientError):
                client.get_dataset(f"{self.project}.{self.schema(RAW)}", retry=retry)
            yield client

    @contextmanager
    def _advising(self) -> Iterator[None]:
        try:
            yield
        except WarehouseUnavailable:
            raise
        except Exception as error:  # Google's clients and their transport each have their own
            raise WarehouseUnavailable(f"{self}: {self.reason(error)}") from error

    def staged(self, pipeline: str) -> tuple[str, ...]:
        """The folders below each other in which a pipeline's parts are staged."""
        return self.project, self.schema(RAW), pipeline

    def check_staging(self) -> str | None:
        if self.staging is None:
            return None
        self.staging.check(self.staging.open(self.project, _credentials()))
        return f"{self.staging}: parts are loaded from there"

    def _create_schemas(self, client: Any) -> None:
        """The datasets that loads write to. dlt would create them without labels."""
        from google.cloud import bigquery

        for name in (RAW, f"{RAW}_staging"):
            wanted = bigquery.Dataset(f"{self.project}.{self.schema(name)}")
            wanted.labels = self.labels  # it lies in the location of the client
            client.create_dataset(wanted, exists_ok=True)

    def batches(self, connection: Any, sql: str) -> Iterator[pa.RecordBatch]:
        yield from connection.query_and_wait(sql).to_arrow_iterable()

    def schema(self, layer: str) -> str:
        return self.prefix + layer

    def layout(self, dataset: Dataset, constants: Mapping[str, object]) -> dict[str, Any]:
        """Partitions by the window's column, so that replacing a window reads no other, and the declared clusters."""
        hints: dict[str, Any] = {}
        columns = {one.name: one for one in dataset.fields}
        if dataset.window is not None:
            length = (columns[dataset.window].type, dataset.partition)
            hints["x-bigquery-partition"] = {dataset.window: LAYOUTS.get(length, YEARS)}
        if clusters := dataset.cluster or _clusters(dataset, columns):
            hints["x-bigquery-cluster-columns"] = list(clusters)
        return hints

    def table_list(self, layer: str) -> str:
        return f"`{self.project}`.`{self.schema(layer)}`.INFORMATION_SCHEMA.TABLES"

    def utc_day(self, column: str) -> str:
        return f"DATE({column}, 'UTC')"

    def half_hour(self, column: str) -> str:
        return f"DIV(UNIX_SECONDS({column}), 1800)"

    def text(self, value: str) -> str:
        return "'" + value.translate(ESCAPED) + "'"

    def reason(self, error: BaseException) -> str:
        return super().reason(error) + advice(error, self.project, self.location)

    def __str__(self) -> str:
        place = f" datasets {self.prefix}*" if self.prefix else ""
        return f"bigquery project {self.project}{place} in {self.location}"

    def environment(self) -> dict[str, str]:
        emulated = {"MILLRACE_BIGQUERY_METHOD": "oauth-secrets", "MILLRACE_BIGQUERY_TOKEN": "emulated"}
        return {
            "MILLRACE_WAREHOUSE": self.name,
            "MILLRACE_BIGQUERY_PROJECT": self.project,
            "MILLRACE_BIGQUERY_LOCATION": self.location,
            "MILLRACE_BIGQUERY_PREFIX": self.prefix,
        } | (emulated if EMULATOR in os.environ else {})


def _credentials() -> Any:
    return google_credentials(anonymous=EMULATOR in os.environ)


def labels_of_environment() -> dict[str, str]:
    """MILLRACE_BIGQUERY_LABELS. Raises `DeclarationError` for a text that is no label."""
    return dict(_label(text) for text in os.environ.get("MILLRACE_BIGQUERY_LABELS", "").split(",") if text.strip())


def _label(text: str) -> tuple[str, str]:
    key, separator, value = text.strip().partition("=")
    if not separator:
        raise DeclarationError(f"MILLRACE_BIGQUERY_LABELS: {text.strip()!r} is no label; write team=power,env=dev")
    return key, value


def _clusters(dataset: Dataset, columns: dict[str, Field]) -> tuple[str, ...]:
    """The grain, as far as BigQuery sorts by it: at most four columns, and none of doubles."""
    names = (name for name in dataset.grain if name != dataset.window and columns[name].type not in ("double", "json"))
    return tuple(names)[:4]
