"""The same publisher's days in both warehouses, with the marts built: once for the whole session."""

from __future__ import annotations

import os
from collections.abc import Callable

import pytest

from flows.build import build
from tests.conftest import MakeTarget
from tests.loads import ELEXON, UNHURRIED, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Target

# Both days of the clock changes, each with its neighbours.
SPANS = [("2024-03-30", "2024-04-01"), ("2024-10-26", "2024-10-28")]


@pytest.fixture(scope="session")
def build_marts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Target], None]:
    """dbt build over what a warehouse holds, with every test of the models; fails with the names of what failed."""

    def run(target: Target) -> None:
        folder = tmp_path_factory.mktemp("dbt")
        before = dict(os.environ)
        os.environ.update({"DBT_TARGET_PATH": str(folder / "target"), "DBT_LOG_PATH": str(folder)})
        try:
            build(warehouse=target.open(), say=lambda line: None)
        finally:
            os.environ.clear()
            os.environ.update(before)

    return run


@pytest.fixture(scope="session")
def built(
    make_target: MakeTarget, shared_publisher: Sandbox, build_marts: Callable[[Target], None]
) -> dict[str, Target]:
    """By kind of warehouse: all datasets of the days of SPANS, and the marts."""
    os.environ.update(UNHURRIED)
    targets = {kind: make_target(kind) for kind in ("duckdb", "postgres")}
    for target in targets.values():
        for first, last in SPANS:
            outcome = run_load(target, shared_publisher.url("elexon"), ELEXON.datasets, first, last)
            assert outcome.errors == []
        build_marts(target)
    return targets
