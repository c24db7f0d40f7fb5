"""A warehouse as one run uses it: dlt bound to a working folder that is thrown away, and queries."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from loaders.destination.warehouse import RAW, Warehouse
from loaders.errors import WarehouseUnavailable
from loaders.workshop import FOLDER_PREFIX, clear_left

DLT_SETTINGS = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "CRITICAL",  # what fails is raised, and said once, by us
    "LOAD__DELETE_COMPLETED_JOBS": "true",
    "NORMALIZE__PARQUET_NORMALIZER__ADD_DLT_LOAD_ID": "true",  # the ledger's link to dlt's own record of loads
}


class Session:
    """A warehouse as one run uses it: dlt bound to a working folder that is thrown away, and queries.

    The warehouse is held open only inside of `connected`, so that what DuckDB caches does not pile up over a year.
    """

    def __init__(self, warehouse: Warehouse, folder: Path, dlt: Any) -> None:
        self.warehouse, self.folder, self.dlt = warehouse, folder, dlt
        self._destination: Any = None
        self._reader: Any = None  # the pipeline that queries go through; making one takes 30 ms
        self._table_patterns: dict[str, str] = {}

    @contextmanager
    def connected(self, columns: int = 0) -> Iterator[None]:
        """One connection for everything inside, to write a table of so many columns. Raises `WarehouseUnavailable`."""
        if self._destination is not None:
            yield
            return
        with self.warehouse.connect(self.dlt, columns) as destination:
            self._destination = _resolved_once(destination)
            try:
                yield
            finally:
                self._destination = self._reader = None

    def pipeline(self, name: str) -> Any:
        """The dlt pipeline of that name in this run's folder. Use inside of `connected`."""
        return self.dlt.pipeline(
            name,
            destination=self._destination,
            dataset_name=self.warehouse.schema(RAW),
            pipelines_dir=str(self._home(name)),
        )

    def forget(self, name: str) -> None:
        """Throw a pipeline's files away: a package that failed is never resumed, which would double its rows."""
        shutil.rmtree(self._home(name), ignore_errors=True)

    def _home(self, name: str) -> Path:
        return self.folder / f"dlt-{name}"

    def table(self, name: str, layer: str = RAW) -> str:
        """The table's name as SQL writes it."""
        if layer not in self._table_patterns:
            with self._client() as client, client.with_alternative_dataset_name(self.warehouse.schema(layer)):
                self._table_patterns[layer] = client.make_qualified_table_name("{table}")
        return self._table_patterns[layer].format(table=name)

    def tables(self, layer: str = RAW) -> set[str]:
        """The names of the tables and views of a layer. Raises `WarehouseUnavailable`."""
        schema = self.warehouse.literal(self.warehouse.schema(layer))
        rows = self.query(f"SELECT table_name FROM {self.warehouse.table_list(layer)} WHERE table_schema = {schema}")
        return {name for (name,) in rows}

    @contextmanager
    def _client(self) -> Iterator[Any]:
        with self.connected():
            if self._reader is None:
                self._reader = self.pipeline("millrace_reader")
            with ExitStack() as opened:
                try:
                    client = opened.enter_context(self._reader.sql_client())
                except WarehouseUnavailable:
                    raise
                except Exception as error:  # each driver has its own
                    raise self._refused(error) from error
                yield client

    def _refused(self, error: Exception) -> WarehouseUnavailable:
        return WarehouseUnavailable(f"{self.warehouse.name}: {self.warehouse.reason(error)}")

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query; none if a table in it does not exist yet.

        Raises `WarehouseUnavailable` if the warehouse cannot be reached or refuses.
        """
        return self.query_named(sql)[1]

    def query_named(self, sql: str) -> tuple[list[str], list[tuple[Any, ...]]]:
        """The columns and the rows of a query, as `query`."""
        from dlt.destinations.exceptions import DatabaseUndefinedRelation

        try:
            with self._client() as client, client.execute_query(sql) as cursor:
                names = [column[0] for column in cursor.description]
                return names, [tuple(row) for row in cursor.fetchall()]
        except DatabaseUndefinedRelation:
            return [], []
        except WarehouseUnavailable:
            raise
        except Exception as error:  # each driver has its own
            raise self._refused(error) from error

    def execute(self, sql: str) -> None:
        """Run a statement."""
        with self._client() as client:
            client.execute_sql(sql)

    def batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query as a stream of Arrow batches; the first says the columns, even of no rows.

        Raises `WarehouseUnavailable` if the warehouse refuses.
        """
        with self._client() as client:
            try:
                yield from self.warehouse.batches(client.native_connection, sql)
            except Exception as error:  # each driver has its own
                raise self._refused(error) from error


@contextmanager
def open_session(warehouse: Warehouse) -> Iterator[Session]:
    """A session in a new working folder. Folders that killed processes left behind go first.

    Raises `WarehouseUnavailable` if the warehouse does not answer.
    """
    warehouse.reach()
    root = Path(tempfile.gettempdir())
    clear_left(root, FOLDER_PREFIX)
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDER_PREFIX}{os.getpid()}-", dir=root))
    os.environ.update(DLT_SETTINGS, LOAD__WORKERS=str(warehouse.load_workers))
    os.environ["DLT_DATA_DIR"] = str(folder)
    import dlt  # reads the environment, so not before

    try:
        yield Session(warehouse, folder, dlt)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _resolved_once(destination: Any) -> Any:
    """The destination with its settings and capabilities worked out once: dlt asks sixty times a commit, half its time.

    They depend on the connection, the schemas and how names are written, and none of it changes while it is open.
    """
    configure: Any = destination.configuration
    resolve: Any = destination.capabilities
    configured: dict[Any, Any] = {}
    resolved: dict[Any, Any] = {}

    def configuration(initial_config: Any, accept_partial: bool = False) -> Any:
        key = (accept_partial, *(repr(value) for value in dict(initial_config or {}).values()))
        if key not in configured:
            configured[key] = configure(initial_config, accept_partial)
        return configured[key].copy()

    def capabilities(config: Any = None, naming: Any = None) -> Any:
        key = None if naming is None else (type(naming), naming.max_length)
        if key not in resolved:
            resolved[key] = resolve(config, naming)
        return resolved[key].copy()

    destination.configuration = configuration
    destination.capabilities = capabilities
    return destination
