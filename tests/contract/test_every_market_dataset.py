"""What holds for every dataset of the US markets: its files load to what they mean, once, and again to the same table.

A commit costs a fifth of a second, so each warehouse is loaded once for all assertions, with the datasets of those that
are run (one, with `-k spp.da_lmp`): every dataset into DuckDB, one of each form of file into Postgres; and those, in
both, by force again. The day is one on which clocks go back, the hardest for six markets.
"""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from loaders.catalogue import Dataset, read_catalogue
from loaders.load import Outcome
from loaders.markets.layout import layout_of
from tests.conftest import MakeTarget, selected
from tests.loads import ledger, run_cli, run_files, stored
from tests.sandbox.markets import WRITERS, File, spp
from tests.sandbox.markets.world import CENTRAL, lines, starts
from tests.warehouses import Digest, Target

CATALOGUE = read_catalogue()
DATASETS = [dataset for dataset in CATALOGUE.datasets() if dataset.layout]
AUTUMN = date(2024, 11, 3)
NOT_IDENTITY = {"interval_start_at", "version_nbr", "run", "published_at", "published_date"}
MOST_FILES = 2  # of a dataset: those of five minutes have hundreds
MOST_MEGABYTES = 300  # what the README promises for any dataset and any length
LOCATIONS = 1_113  # of SPP, whose five minutes of a day are the largest file: 321,000 rows


def form(dataset: Dataset) -> tuple[str, bool]:
    layout = layout_of(dataset)
    return layout.shape, layout.marked is not None


OF_EACH_FORM = list({form(dataset): dataset for dataset in reversed(DATASETS)}.values())
WAREHOUSES = {"duckdb": DATASETS, "postgres": OF_EACH_FORM}
CASES = [(kind, dataset) for kind, datasets in WAREHOUSES.items() for dataset in datasets]
every_case = pytest.mark.parametrize(("kind", "dataset"), CASES, ids=[f"{kind}-{one.label}" for kind, one in CASES])
every_forced_case = pytest.mark.parametrize(
    ("kind", "dataset"),
    [(kind, dataset) for kind, dataset in CASES if dataset in OF_EACH_FORM],
    ids=[f"{kind}-{one.label}" for kind, one in CASES if one in OF_EACH_FORM],
)
every_warehouse = pytest.mark.parametrize("kind", WAREHOUSES)


@dataclass
class Loaded:
    """A warehouse into which files were loaded, then offered again, then some loaded by force; and what it held."""

    target: Target
    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)  # by source: first, offered again, by force
    held: dict[str, list[Digest]] = field(default_factory=dict)  # by table, after each of them
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)  # of the ledger, by dataset's label


Loads = Callable[[str], Loaded]


def files(dataset: Dataset) -> list[File]:
    return written(dataset.source_name, dataset.name)


@cache
def written(source: str, dataset: str) -> list[File]:
    return WRITERS[source][dataset](AUTUMN)[:MOST_FILES]


@pytest.fixture(scope="module")
def loads(request: pytest.FixtureRequest, make_target: MakeTarget, tmp_path_factory: pytest.TempPathFactory) -> Loads:
    """Both warehouses, each loaded when it is first asked for."""
    done: dict[str, Loaded] = {}

    def load(kind: str) -> Loaded:
        if kind not in done:
            done[kind] = loaded = Loaded(make_target(kind))
            datasets = selected(request, WAREHOUSES[kind])
            for source in dict.fromkeys(one.source_name for one in datasets):
                load_source(loaded, source, datasets, tmp_path_factory.mktemp(source))
            for entry in ledger(loaded.target):
                loaded.entries.setdefault(f"{entry['source']}.{entry['dataset']}", []).append(entry)
        return done[kind]

    return load


def load_source(loaded: Loaded, source: str, datasets: list[Dataset], folder: Path) -> None:
    mine = [dataset for dataset in datasets if dataset.source_name == source]
    for dataset in mine:
        for file in files(dataset):
            (folder / file.name).write_bytes(file.content)
    forced = [dataset for dataset in mine if dataset in OF_EACH_FORM]
    for wanted, force in ((mine, False), (mine, False), (forced, True)):
        names = [one.name for one in wanted]
        if names:
            outcome = run_files(loaded.target, CATALOGUE.source(source), folder, AUTUMN.year, names, force=force)
            loaded.outcomes.setdefault(source, []).append(outcome)
        for dataset in wanted:
            loaded.held.setdefault(dataset.table, []).append(stored(loaded.target, dataset))


def test_postgres_gets_every_form_of_file() -> None:
    assert {form(one)[0] for one in OF_EACH_FORM} == {"rows", "hours", "melt", "tables", "answer"}
    assert len(OF_EACH_FORM) == len({form(one) for one in DATASETS})


@every_warehouse
def test_every_file_loads_once_and_by_force_again(kind: str, loads: Loads) -> None:
    for source, (first, offered, *forced) in loads(kind).outcomes.items():
        mine = [one for one in WAREHOUSES[kind] if one.source_name == source]
        wanted = sum(len(files(one)) for one in mine)
        again = sum(len(files(one)) for one in mine if one in OF_EACH_FORM)
        assert (first.exit_code, first.errors, first.windows_loaded) == (0, [], wanted), source
        assert (offered.exit_code, offered.windows_loaded, offered.windows_done_before) == (0, 0, wanted), source
        assert [(one.exit_code, one.errors, one.windows_loaded) for one in forced] == [(0, [], again)] * (again > 0)


@every_case
def test_its_table_has_the_declared_columns_and_what_its_files_mean(kind: str, dataset: Dataset, loads: Loads) -> None:
    target = loads(kind).target
    found = {name: type_ for name, type_ in target.columns(dataset.table).items() if not name.startswith("_dlt")}
    assert found == {one.name: target.types[one.type] for one in dataset.fields}
    identity = [name for name in dataset.grain if name not in NOT_IDENTITY]
    value = next(one.name for one in dataset.fields if one.type == "double")
    rows = target.rows(dataset.table, [*identity, "interval_start_at", value, *dataset.grain])
    meant = len(identity) + 2
    told = Counter((*place, at, amount) for file in files(dataset) for place, at, amount in file.truth)
    assert Counter(row[:meant] for row in rows) == told
    assert max(Counter(row[meant:] for row in rows).values()) == 1


@every_case
def test_offering_its_files_again_changes_nothing(kind: str, dataset: Dataset, loads: Loads) -> None:
    first, offered, *_ = loads(kind).held[dataset.table]
    assert first == offered


@every_forced_case
def test_loading_its_files_again_gives_the_same_table(kind: str, dataset: Dataset, loads: Loads) -> None:
    first, _, forced = loads(kind).held[dataset.table]
    assert first == forced


@every_case
def test_its_ledger_accounts_for_every_row_of_every_file(kind: str, dataset: Dataset, loads: Loads) -> None:
    entries = loads(kind).entries[dataset.label]
    loads_of_a_file = 2 if dataset in OF_EACH_FORM else 1
    assert len(entries) == loads_of_a_file * len(files(dataset))
    told = sum(len(file.truth) for file in files(dataset))
    assert sum(one["rows_loaded"] for one in entries) == loads_of_a_file * told
    assert {(one["status"], one["rows_quarantined"]) for one in entries} == {("loaded", 0)}
    assert all(re.fullmatch("[0-9a-f]{64}", one["sha256"]) for one in entries)


@pytest.mark.volume
def test_the_largest_file_stays_under_the_ceiling(make_target: MakeTarget, tmp_path: Path) -> None:
    rows = ["Interval,GMT Interval, Settlement Location Name, PNODE Name, LMP, MLC, MCC, MEC"]
    for at in starts(date(2024, 7, 4), CENTRAL, 5):
        # A location's price is one of a few: what is measured is loading, not drawing.
        prices = [spp.prices("spp rt", f"{one}", at)[0] for one in range(7)]
        label = spp.ends(at, 5)
        rows += [f"{label},LOCATION_{one:04},PNODE_{one:04},{prices[one % 7]}" for one in range(LOCATIONS)]
    (tmp_path / "RTBM-LMP-DAILY-SL-20240704.csv").write_bytes(lines(*rows))
    target = make_target("duckdb")
    options = ("--source", "spp", "--dataset", "rtbm_lmp", "--files", str(tmp_path))
    done: subprocess.CompletedProcess[str] = run_cli("load", "2024", *options, **target.settings)
    said = re.search(r"^spp\.rtbm_lmp: .* 0 failed, ([\d,]+) rows, .* ([\d,]+) MB", done.stdout, re.MULTILINE)
    assert said, done.stdout + done.stderr
    assert (done.returncode, said[1]) == (0, f"{len(rows) - 1:,}")
    assert target.count("spp__rtbm_lmp") == LOCATIONS * 288
    assert 50 < int(said[2]) <= MOST_MEGABYTES
