"""The same rows in every warehouse, with the marts built, once for the session: Britain's power, and all the others."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple, Protocol

import pytest

from flows.build import build
from tests.conftest import DbtFiles, MakeTarget
from tests.loads import UNHURRIED, day, load_days
from tests.openshift import decided
from tests.sandbox import Sandbox
from tests.warehouse import domains
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
ROWS_TESTED_BEFORE = ["path:models/staging,resource_type:test"]


class Warehouses:
    """Targets by kind, each made when it is first asked for: a run without BigQuery builds nothing there."""

    def __init__(self, make: Callable[[str], Target]) -> None:
        self._make = functools.cache(make)

    def __getitem__(self, kind: str) -> Target:
        return self._make(kind)


class Build(Protocol):
    """Build the marts of a warehouse over the days of a span; fails with the names of what failed."""

    def __call__(self, target: Target, span: tuple[str, str], options: Sequence[str] = ()) -> None: ...


@pytest.fixture(scope="session")
def build_marts(dbt_files: DbtFiles) -> Build:
    def run(target: Target, span: tuple[str, str], options: Sequence[str] = ()) -> None:
        first, last = map(day, span)
        with environment(target.settings | dbt_files(target, HISTORY)):
            build((first, last + timedelta(days=1)), [*options, *HISTORY], target.open(), say=lambda line: None)

    return run


class BuildDomains(Protocol):
    """Build the marts of the domains beside Britain's power; fails with the names of what failed.

    Under the decisions of `domains`, or of those named, and else under the seeds'.
    """

    def __call__(
        self,
        target: Target,
        options: Sequence[str],
        select: Sequence[str] = domains.MARTS,
        decisions: Iterable[str] = domains.DECISIONS,
    ) -> None: ...


@pytest.fixture(scope="session")
def build_domains(dbt_files: DbtFiles) -> BuildDomains:
    def run(
        target: Target,
        options: Sequence[str],
        select: Sequence[str] = domains.MARTS,
        decisions: Iterable[str] = domains.DECISIONS,
    ) -> None:
        with environment(target.settings | dbt_files(target, HISTORY) | decided(decisions)):
            build(domains.SPAN, ["--select", *select, *options, *HISTORY], target.open(), say=lambda line: None)

    return run


@pytest.fixture(scope="session")
def loaded(make_target: MakeTarget, shared_publisher: Sandbox) -> DuckDBTarget:
    """What the marts read of the days of SPANS."""
    os.environ.update(UNHURRIED)
    target = make_target("duckdb")
    assert isinstance(target, DuckDBTarget)
    days = [day(first) + timedelta(days=n) for first, last in SPANS for n in range((day(last) - day(first)).days + 1)]
    weeks = [day(text) for text in THURSDAYS]
    wanted = {name: weeks if name in WEEKLY else days for name in (*DATASETS, *WEEKLY)}
    assert load_days(target, shared_publisher.url("elexon"), wanted).errors == []
    return target


@pytest.fixture(scope="session")
def drawn(loaded: DuckDBTarget) -> tuple[Volumes, Volumes]:
    """Volumes and accepted seconds of random acceptances, which stand among the loaded ones."""
    return store_drawn(loaded, seed=20240331)


@pytest.fixture(scope="session")
def built(
    make_target: MakeTarget, loaded: DuckDBTarget, drawn: tuple[Volumes, Volumes], build_marts: Build
) -> Warehouses:
    """By kind of warehouse: what is loaded and drawn, and the marts.

    Loaded once and copied: that every dataset loads into both alike is proved in contract/.
    The months of SPANS are built, not those between them.
    """
    rows_tested_before = ["--exclude", *ROWS_TESTED_BEFORE]
    options = {"duckdb": [], "postgres": rows_tested_before, "bigquery": rows_tested_before}

    def make(kind: str) -> Target:
        target = loaded if kind == "duckdb" else make_target(kind)
        if isinstance(target, PostgresTarget | BigQueryTarget):
            target.take_raw(loaded)
        build_marts(target, SPANS[0], IN_BATCHES)
        build_marts(target, SPANS[1], options[kind])
        return target

    return Warehouses(make)


class Domains(NamedTuple):
    """The domains beside Britain's power by kind of warehouse, and the folder that their files were read from."""

    targets: Warehouses
    folder: Path


@pytest.fixture(scope="session")
def elsewhere(
    make_target: MakeTarget, build_domains: BuildDomains, tmp_path_factory: pytest.TempPathFactory
) -> Domains:
    """Loaded once and copied, as `built`, and tested by dbt on each."""
    folder = tmp_path_factory.mktemp("domains")
    loaded = make_target("duckdb")
    assert isinstance(loaded, DuckDBTarget)
    domains.load(loaded, folder)

    def make(kind: str) -> Target:
        target = loaded if kind == "duckdb" else make_target(kind)
        if isinstance(target, PostgresTarget):
            domains.copy_to_postgres(target, loaded, folder)
        elif isinstance(target, BigQueryTarget):
            target.take_raw(loaded)
        before = () if kind == "duckdb" else ROWS_TESTED_BEFORE
        build_domains(target, ["--exclude", *domains.TESTED_ELSEWHERE, *before])
        return target

    return Domains(Warehouses(make), folder)
