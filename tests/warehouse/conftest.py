"""The same publisher's days in both warehouses, with the marts built: once for the whole session."""

from __future__ import annotations

import os
from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

import pytest

from flows.build import build
from tests.conftest import DbtFiles, MakeTarget
from tests.loads import UNHURRIED, day, run_load
from tests.sandbox import Sandbox
from tests.warehouse.drawn import Volumes, store_drawn
from tests.warehouses import BigQueryTarget, DuckDBTarget, PostgresTarget, Target, environment

# Both days of the clock changes. Forecasts are published on the day before, acceptances reach into the day after.
SPANS = [("2024-03-30", "2024-04-01"), ("2024-10-26", "2024-10-27")]
THURSDAYS = ("2024-10-17", "2024-10-24")

# What the marts read. A mart whose dataset is missing here is left out of the build, and missed by the tests.
DATASETS = [
    *("pn", "qpn", "mels", "mils", "boalf", "bod", "boav", "ebocf", "disbsad", "netbsad", "bm_units", "remit"),
    *("disebsp", "mid", "fuelhh", "freq", "ndf", "tsdf", "indo", "itsdo", "windfor"),
    *("b1610", "ndfd", "tsdfd", "melngc", "ocnmfd", "ocnmfd2", "lolpdrm"),
]
WEEKLY = ["ocnmf3y", "ocnmf3y2", "ndfw", "tsdfw"]  # published on Thursdays

# From the oldest day that a test of the models names: the calendar is what takes longest to compare.
HISTORY = ["--vars", "{history_begins: '2023-10-01'}"]
MODELS_ALONE = ["--resource-type", "seed", "--resource-type", "model"]
IN_BATCHES = [*MODELS_ALONE, "--select", "+config.incremental_strategy:microbatch"]
# What staging promises of the same rows is tested once, on DuckDB: on Postgres it would take longer than all the rest.
ROWS_TESTED_BEFORE = ["--exclude", "path:models/staging,resource_type:test"]


class Build(Protocol):
    """Build the marts of a warehouse over the days of a span; fails with the names of what failed."""

    def __call__(self, target: Target, span: tuple[str, str], options: Sequence[str] = ()) -> None: ...


@pytest.fixture(scope="session")
def build_marts(dbt_files: DbtFiles) -> Build:
    def run(target: Target, span: tuple[str, str], options: Sequence[str] = ()) -> None:
        first, last = map(day, span)
        with environment(target.settings | dbt_files(target)):
            build((first, last + timedelta(days=1)), [*options, *HISTORY], target.open(), say=lambda line: None)

    return run


@pytest.fixture(scope="session")
def loaded(make_target: MakeTarget, shared_publisher: Sandbox) -> DuckDBTarget:
    """What the marts read of the days of SPANS."""
    os.environ.update(UNHURRIED)
    target = make_target("duckdb")
    assert isinstance(target, DuckDBTarget)
    for datasets, first, last in [(DATASETS, *SPANS[0]), (DATASETS, *SPANS[1]), (WEEKLY, *THURSDAYS)]:
        outcome = run_load(target, shared_publisher.url("elexon"), datasets, first, last)
        assert outcome.errors == []
    return target


@pytest.fixture(scope="session")
def drawn(loaded: DuckDBTarget) -> tuple[Volumes, Volumes]:
    """Volumes and accepted seconds of random acceptances, which stand among the loaded ones."""
    return store_drawn(loaded, seed=20240331)


@pytest.fixture(scope="session")
def built(
    make_target: MakeTarget, loaded: DuckDBTarget, drawn: tuple[Volumes, Volumes], build_marts: Build
) -> dict[str, Target]:
    """By kind of warehouse: what is loaded and drawn, and the marts.

    Loaded once and copied: that every dataset loads into both alike is proved in contract/.
    The months of SPANS are built, not those between them.
    """
    postgres = make_target("postgres")
    assert isinstance(postgres, PostgresTarget)
    postgres.take_raw(loaded)
    bigquery = make_target("bigquery")
    assert isinstance(bigquery, BigQueryTarget)
    bigquery.take_raw(loaded)
    for target, options in ((loaded, []), (postgres, ROWS_TESTED_BEFORE), (bigquery, MODELS_ALONE)):
        build_marts(target, SPANS[0], IN_BATCHES)
        build_marts(target, SPANS[1], options)
    return {"duckdb": loaded, "postgres": postgres, "bigquery": bigquery}
