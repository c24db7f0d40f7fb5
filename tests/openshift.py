"""What the tests of OpenShift share: a load of files, people's decisions as tables, and the marts by their columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from flows.build import build
from loaders.catalogue import Source, read_catalogue
from loaders.destination import RAW, open_session
from loaders.files import find_files
from loaders.load import Outcome, Request, make_plan, run_plan
from loaders.recognise import recognise
from loaders.transport import Publisher
from tests.conftest import DbtFiles
from tests.loads import Quiet
from tests.warehouses import Row, Target, environment

OPENSHIFT: Source = read_catalogue().source("openshift")
DECISIONS = {
    "enabled_label_keys": ("source_uuid", "label_key"),
    "clusters": ("source_uuid", "cluster_id", "cluster_alias", "distribution"),
    "rates": ("source_uuid", "metric", "cost_type", "tag_key", "tag_value", "rate"),
    "markups": ("source_uuid", "markup_percent"),
    "tag_mappings": ("source_uuid", "child_key", "parent_key"),
}
NUMBERS = ("rate", "markup_percent")
MARTS = ("--select", "+path:models/marts/compute")  # with all that they read
NO_TESTS = ("--exclude-resource-type", "unit_test", "test")
MARTS_ALONE = (*MARTS, *NO_TESTS)


def load(target: Target, root: Path, *datasets: str, force: bool = False, accept_shrink: bool = False) -> Outcome:
    """Load the files below `root`, as the command does, whatever year they are of."""
    wanted = tuple(OPENSHIFT.dataset(name) for name in datasets or OPENSHIFT.datasets)
    warehouse = target.open()
    with warehouse.lock(wanted), open_session(warehouse) as session:
        found = recognise(OPENSHIFT, find_files(str(root)))
        request = Request(OPENSHIFT, wanted, date(2025, 1, 1), date(2027, 1, 1), force, accept_shrink, found)
        return run_plan(make_plan(request, session), request, session, Publisher("", 1), Quiet())


def decide(target: Target, decisions: Mapping[str, Iterable[Row]]) -> dict[str, str]:
    """Tables with what people decide, among the raw ones, and the settings that point there."""
    target.execute(f"CREATE SCHEMA IF NOT EXISTS {RAW}")
    for name, rows in decisions.items():
        columns = DECISIONS[name]
        kinds = ", ".join(f"{column} {'double precision' if column in NUMBERS else 'text'}" for column in columns)
        values = ", ".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)
        target.execute(f"DROP TABLE IF EXISTS {RAW}.decided_{name}")
        target.execute(f"CREATE TABLE {RAW}.decided_{name} ({kinds})")
        target.execute(f"INSERT INTO {RAW}.decided_{name} VALUES {values}")
    return decided(decisions)


def decided(names: Iterable[str]) -> dict[str, str]:
    """The settings that point to the tables of `decide`."""
    return {f"MILLRACE_OPENSHIFT_{name.upper()}": f"{RAW}.decided_{name}" for name in names}


def _literal(value: object) -> str:
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, float) else f"'{value}'"


@contextmanager
def settings(**values: str) -> Iterator[None]:
    """Settings of the source for as long as the block lasts."""
    with pytest.MonkeyPatch.context() as patched:
        for name, value in values.items():
            patched.setenv(name, value)
        yield


def build_marts(target: Target, dbt_files: DbtFiles, *options: str) -> None:
    """dbt build of what is loaded."""
    with environment(dbt_files(target)):
        build(options=options, warehouse=target.open(), say=lambda line: None)


def mart(target: Target, name: str, columns: Iterable[str], where: str = "TRUE") -> list[dict[str, Any]]:
    """Rows of a mart as dictionaries."""
    columns = list(columns)
    rows = target.query(f"SELECT {', '.join(columns)} FROM marts.{name} WHERE {where}")
    return [dict(zip(columns, row, strict=True)) for row in rows]
