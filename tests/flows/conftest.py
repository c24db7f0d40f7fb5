"""The environment that flows and command line read: a publisher on loopback and the test's warehouse."""

import os
from collections.abc import Callable

import pytest

from tests.sandbox import Sandbox
from tests.warehouses import DuckDBTarget, Target

Use = Callable[[Target, Sandbox], None]


@pytest.fixture(scope="session")
def dbt_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Where dbt writes, as its settings: not into the checkout."""
    folder = tmp_path_factory.mktemp("dbt")
    return {"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder / "logs")}


@pytest.fixture
def use(dbt_files: dict[str, str]) -> Use:
    """Put a warehouse and a publisher into the environment, which every test gives back as it was."""

    def put(target: Target, publisher: Sandbox) -> None:
        os.environ.update(target.settings | dbt_files | {"MILLRACE_ELEXON_URL": publisher.url("elexon")})

    return put


@pytest.fixture
def target(use: Use, duckdb_file: DuckDBTarget, publisher: Sandbox) -> DuckDBTarget:
    """An empty DuckDB file, which loads and builds of this process and its children use."""
    use(duckdb_file, publisher)
    return duckdb_file


@pytest.fixture
def each_target(use: Use, warehouse: Target, publisher: Sandbox) -> Target:
    """As `target`, once on each kind of warehouse."""
    use(warehouse, publisher)
    return warehouse
