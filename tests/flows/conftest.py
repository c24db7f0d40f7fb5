"""The environment that flows and command line read: a publisher on loopback and the test's warehouse."""

import os
from collections.abc import Callable

import pytest

from tests.conftest import DbtFiles
from tests.sandbox import Sandbox
from tests.warehouses import DuckDBTarget, Target

Use = Callable[[Target, Sandbox], None]


@pytest.fixture
def use(dbt_files: DbtFiles) -> Use:
    """Put a warehouse and a publisher into the environment, which every test gives back as it was."""

    def put(target: Target, publisher: Sandbox) -> None:
        os.environ.update(target.settings | dbt_files(target) | {"MILLRACE_ELEXON_URL": publisher.url("elexon")})

    return put


@pytest.fixture
def target(use: Use, duckdb_file: DuckDBTarget, publisher: Sandbox) -> DuckDBTarget:
    """An empty DuckDB file, which loads and builds of this process and its children use."""
    use(duckdb_file, publisher)
    return duckdb_file
