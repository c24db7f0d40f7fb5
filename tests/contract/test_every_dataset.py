"""What holds for every dataset of the catalogue. A new declaration is tested here as soon as it is a file.

A commit costs a fifth of a second, so each warehouse is loaded once for all assertions, with the datasets of those that
are run (one, with `-k elexon.indo`). Every dataset goes into DuckDB; Postgres gets one of each kind from the publisher,
and a copy of DuckDB's tables. In both every dataset is then loaded again by a command that is killed once its rows are
replaced. One of each kind is loaded a third time, by a command that lives.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from loaders.catalogue import SOURCES, Dataset, read_catalogue, read_source
from loaders.load import Outcome
from loaders.windows import Window
from tests.conftest import MakeTarget, selected
from tests.loads import (
    ELEXON,
    ROOT,
    command_environment,
    day,
    declared_columns,
    ledger,
    load_days,
    published,
    running,
    stored,
    window_records,
)
from tests.sandbox import Sandbox
from tests.sandbox.elexon.publisher import dataset_code
from tests.warehouses import Digest, DuckDBTarget, PostgresTarget, Row, Target, digest

# What is asked for by the day. Files of a year are held to the same in test_year_files, files of users in test_files.
DATASETS = [dataset for dataset in read_catalogue().datasets() if dataset.route and dataset.request.window != "year"]


def one_of_each(kind: Callable[[Dataset], object]) -> list[Dataset]:
    """The first dataset of each kind."""
    return list({kind(dataset): dataset for dataset in reversed(DATASETS)}.values())


OF_EACH_KIND = one_of_each(
    lambda one: (one.request.window, len(one.request.each), one.mode, one.overlap, one.is_nested)
)
WAREHOUSES = {"duckdb": DATASETS, "postgres": OF_EACH_KIND}
CASES = [(kind, dataset) for kind, datasets in WAREHOUSES.items() for dataset in datasets]


def of(cases: list[tuple[str, Dataset]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(("kind", "dataset"), cases, ids=[f"{kind}-{one.label}" for kind, one in cases])


every_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.label)
every_case = of(CASES)
every_windowed_case = of([(kind, dataset) for kind, dataset in CASES if dataset.window])

# Each span has a day on which the clocks change between two neighbours.
SPRING = [day("2024-03-30"), day("2024-03-31"), day("2024-04-01")]
AUTUMN = [day("2024-10-26"), day("2024-10-27"), day("2024-10-28")]
DAYS = SPRING + AUTUMN
THURSDAY = day("2024-03-28")  # on which weekly sets are published
MOST_MEGABYTES = 300  # at scale 1; what the README promises for any dataset and any length
SOME_PERIODS = ("disbsad", "boav", "ebocf")  # a period in which nothing was done has no row
# The rows of the reload are there and nothing says so: what stands in the table is what a reload makes of it. All other
# points are tried in faults/test_kills.py.
KILLED_AT = "after the merge's COMMIT"


def days_of(dataset: Dataset) -> list[date]:
    """The days that are loaded: another one of what may be empty on all of them."""
    return [THURSDAY, *DAYS] if dataset.may_be_empty else DAYS


@dataclass
class Loaded:
    """A warehouse into which the days of its datasets were loaded, and those of spring again; and what it held then."""

    target: Target
    datasets: list[Dataset]
    first: Outcome
    before: dict[str, Digest]  # between the two
    again: Outcome
    killed: dict[str, tuple[int, Digest]] = field(default_factory=dict)  # exit code, and what the kill left
    rows: dict[str, list[Row]] = field(default_factory=dict)
    entries: dict[str, list[dict[str, Any]]] = field(default_factory=dict)


Loads = Callable[[str], Loaded]


@pytest.fixture(scope="module")
def loads(
    request: pytest.FixtureRequest,
    make_target: MakeTarget,
    shared_publisher: Sandbox,
    tmp_path_factory: pytest.TempPathFactory,
) -> Loads:
    """Both warehouses, each loaded when it is first asked for."""
    url = shared_publisher.url("elexon")

    @cache
    def load(kind: str) -> Loaded:
        target, datasets = make_target(kind), selected(request, WAREHOUSES[kind])
        first = load_days(target, url, {dataset.name: days_of(dataset) for dataset in datasets})
        before = {dataset.name: stored(target, dataset) for dataset in datasets}
        whole = target if kind == "duckdb" else copied_into_postgres(make_target, load("duckdb").target)
        log = tmp_path_factory.mktemp("killed") / "log"
        killed = dict(kill_each(whole, url, log, selected(request, DATASETS)))
        spring = {dataset.name: SPRING for dataset in selected(request, OF_EACH_KIND)}
        again = load_days(target, url, spring, force=True)
        loaded = Loaded(target, datasets, first, before, again, killed)
        entries = ledger(target)
        for dataset in datasets:
            loaded.rows[dataset.name] = target.rows(dataset.table, declared_columns(dataset))
            loaded.entries[dataset.name] = [entry for entry in entries if entry["dataset"] == dataset.name]
        return loaded

    return load


def copied_into_postgres(make_target: MakeTarget, loaded: Target) -> Target:
    """A database with the tables of a DuckDB file: loading every dataset a second time would take longer."""
    target = make_target("postgres")
    assert isinstance(target, PostgresTarget)
    assert isinstance(loaded, DuckDBTarget)
    target.take_raw(loaded)
    return target


def kill_each(target: Target, url: str, log: Path, datasets: list[Dataset]) -> Iterator[tuple[str, tuple[int, Digest]]]:
    """Load a day of each again and kill the command in the middle of replacing it: exit codes and what is there."""
    with running([sys.executable, "-m", "tests.faults.killed"]) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        for dataset in datasets:
            span = ["--from", f"{SPRING[1]}", "--to", f"{SPRING[1]}", "--force"]
            order = {
                "point": KILLED_AT,
                "number": 1,
                "arguments": ["load", "--dataset", dataset.name, *span],
                "environment": target.settings | {"MILLRACE_ELEXON_URL": url},
                "log": str(log),
            }
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
            yield dataset.name, (int(server.stdout.readline()), stored(target, dataset))


@cache
def records(publisher: Sandbox, dataset: str, on: date) -> list[dict[str, Any]]:
    """The publisher's records that the window of `on` stores."""
    return window_records(publisher, ELEXON.dataset(dataset), on)


def all_records(publisher: Sandbox, dataset: Dataset) -> list[dict[str, Any]]:
    """Those of every window that was loaded."""
    days = days_of(dataset) if dataset.window else DAYS[:1]
    return [record for on in days for record in records(publisher, dataset.name, on)]


# --- its fixture ------------------------------------------------------------------------------------------------------


def require_fixture(dataset: Dataset, publisher: Sandbox) -> None:
    """Fail with what to write unless the sandbox serves the dataset's route with records."""
    how = (
        f"{dataset.label} ({dataset.path.name}) has no fixture: write a generator for it in the module of its subject "
        "in tests/sandbox/elexon, and a row for it in tests/sandbox/elexon/datasets.py"
    )
    try:
        dataset_code(dataset.name)
    except ValueError as error:
        pytest.fail(f"{how}: {error}")
    path = urlsplit(publisher.url("elexon")).path.removeprefix("/elexon").removesuffix(publisher.elexon.base_path)
    tried = []
    for on in days_of(dataset):
        window = Window(dataset.request.window, ZoneInfo(ELEXON.time_zone), on if dataset.window else None)
        for asked in dataset.asked(window.values):
            answer = publisher.elexon.answer(
                path + asked.route, {name: [value] for name, value in asked.params.items()}
            )
            if answer.status == 200 and next(answer.records, None) is not None:
                return
            tried.append(f"{asked.route} with status {answer.status}")
    pytest.fail(f"{how}: the sandbox answers {tried[0]} and no record, nor any on {len(tried) - 1} other days")


@every_dataset
def test_it_has_a_fixture_in_the_sandbox(dataset: Dataset, shared_publisher: Sandbox) -> None:
    require_fixture(dataset, shared_publisher)


def test_a_dataset_without_a_fixture_fails_by_name_with_what_to_write(
    tmp_path: Path, shared_publisher: Sandbox
) -> None:
    shutil.copytree(SOURCES / "elexon", tmp_path / "elexon")
    path = tmp_path / "elexon" / "datasets" / "fuelhh.yml"
    path.with_name("igca.yml").write_text(path.read_text().replace("FUELHH", "IGCA"))
    path.with_name("ndf.yml").write_text(path.read_text().replace("FUELHH", "NDFX"))
    source = read_source(tmp_path / "elexon")
    with pytest.raises(pytest.fail.Exception, match=r"elexon\.igca .* has no fixture: write a generator .* a row"):
        require_fixture(source.dataset("igca"), shared_publisher)
    with pytest.raises(pytest.fail.Exception, match=r"elexon\.ndf .*the sandbox answers /datasets/NDFX.* status 404"):
        require_fixture(source.dataset("ndf"), shared_publisher)


# --- its table --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WAREHOUSES)
def test_every_window_of_every_dataset_loads(kind: str, loads: Loads) -> None:
    loaded = loads(kind)
    windows = {"first": 0, "again": 0}
    for dataset in loaded.datasets:
        windows["first"] += len(days_of(dataset)) if dataset.window else 1
    for dataset in OF_EACH_KIND:
        windows["again"] += len(SPRING) if dataset.window else 1
    for outcome, expected in ((loaded.first, windows["first"]), (loaded.again, windows["again"])):
        assert (outcome.exit_code, outcome.errors, outcome.windows_failed, outcome.windows_left) == (0, [], 0, 0)
        assert outcome.windows_loaded == expected


def test_postgres_gets_a_dataset_of_each_kind() -> None:
    assert {kind for one in OF_EACH_KIND for kind in (f.type for f in one.fields)} == {
        kind for one in DATASETS for kind in (f.type for f in one.fields)
    }
    assert {one.request.window for one in OF_EACH_KIND} == {one.request.window for one in DATASETS}


@every_case
def test_its_columns_are_the_declared_ones_with_the_declared_types(kind: str, dataset: Dataset, loads: Loads) -> None:
    target = loads(kind).target
    expected = {field.name: target.types[field.type] for field in dataset.fields}
    found = {name: kind for name, kind in target.columns(dataset.table).items() if not name.startswith("_dlt")}
    assert found == expected


@every_case
def test_its_rows_are_the_publishers_own(kind: str, dataset: Dataset, loads: Loads, shared_publisher: Sandbox) -> None:
    wanted = all_records(shared_publisher, dataset)
    assert wanted
    assert loads(kind).before[dataset.name] == digest(published(dataset, wanted))


@every_case
def test_loading_it_again_gives_the_same_table(kind: str, dataset: Dataset, loads: Loads) -> None:
    loaded = loads(kind)
    assert digest(loaded.rows[dataset.name]) == loaded.before[dataset.name]


@of([(kind, dataset) for kind in WAREHOUSES for dataset in DATASETS])
def test_a_reload_that_is_killed_leaves_the_same_table(kind: str, dataset: Dataset, loads: Loads) -> None:
    code, left = loads(kind).killed[dataset.name]
    assert code == -signal.SIGKILL
    assert left == loads("duckdb").before[dataset.name]


@every_case
def test_adjacent_windows_never_duplicate_a_row_or_leave_one_out(
    kind: str, dataset: Dataset, loads: Loads, shared_publisher: Sandbox
) -> None:
    places = [declared_columns(dataset).index(name) for name in dataset.grain]
    per_grain = Counter(tuple(row[place] for place in places) for row in loads(kind).rows[dataset.name])
    assert max(per_grain.values()) == 1
    assert len(per_grain) == len(all_records(shared_publisher, dataset))


@every_windowed_case
def test_days_of_clock_changes_are_whole_and_in_their_own_window(
    kind: str, dataset: Dataset, loads: Loads, shared_publisher: Sandbox
) -> None:
    loaded = loads(kind)
    columns = declared_columns(dataset)
    assert dataset.window is not None
    for on, periods in ((SPRING[1], 46), (AUTUMN[1], 50)):
        wanted = records(shared_publisher, dataset.name, on)
        entry = [entry for entry in loaded.entries[dataset.name] if entry["window_from"] == on][-1]
        assert entry["rows_loaded"] == len(wanted)
        assert wanted or dataset.may_be_empty
        first, until = Window(dataset.request.window, ZoneInfo(ELEXON.time_zone), on).bounds or (None, None)
        place = columns.index(dataset.window)
        of_day = [row for row in loaded.rows[dataset.name] if first <= row[place] < until]
        assert len(of_day) == len(wanted)
        if "settlement_period" in columns and dataset.request.window == "settlement_day":
            found = {row[columns.index("settlement_period")] for row in of_day}
            assert found == {record["settlementPeriod"] for record in wanted}
            assert found <= set(range(1, periods + 1))
            assert found == set(range(1, periods + 1)) or dataset.name in SOME_PERIODS or dataset.may_be_empty


@every_case
def test_its_ledger_accounts_for_every_row(kind: str, dataset: Dataset, loads: Loads) -> None:
    loaded = loads(kind)
    entries = loaded.entries[dataset.name]
    for entry in entries:
        assert entry["status"] == ("loaded" if entry["rows_read"] else "empty")
        assert entry["rows_read"] == entry["rows_loaded"] + entry["rows_quarantined"] + entry["rows_neighbouring"]
        assert entry["bytes_read"] > 0
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
    last = {entry["window_label"]: entry for entry in entries}
    assert sum(entry["rows_loaded"] for entry in last.values()) == len(loaded.rows[dataset.name])
    assert (sum(entry["rows_neighbouring"] for entry in entries) > 0) == (dataset.overlap is not None)


@every_case
def test_the_same_answer_has_the_same_checksum(kind: str, dataset: Dataset, loads: Loads) -> None:
    checksums: dict[str, set[str]] = {}
    for entry in loads(kind).entries[dataset.name]:
        checksums.setdefault(entry["window_label"], set()).add(entry["sha256"])
    assert all(len(found) == 1 for found in checksums.values())


# --- its empty answer -------------------------------------------------------------------------------------------------

# An answer is judged empty by what the declaration says of it, not by its columns.
EMPTIED = one_of_each(
    lambda one: (one.request.window, len(one.request.each), one.may_be_empty, one.envelope, one.records, one.is_nested)
)


@pytest.fixture(scope="module")
def emptied(request: pytest.FixtureRequest, loads: Loads, shared_publisher: Sandbox) -> tuple[Target, Outcome]:
    """The same warehouse after the publisher answered a day that had rows without a record."""
    loaded, wanted = loads("duckdb"), selected(request, EMPTIED)
    target = loaded.target.copy(f"{loaded.target.name}_emptied")
    for dataset in wanted:
        shared_publisher.mutate(dataset.name, lambda rows: iter(()))
    try:
        days = {dataset.name: [day_with_rows(loaded, dataset)] for dataset in wanted}
        outcome = load_days(target, shared_publisher.url("elexon"), days, force=True)
    finally:
        shared_publisher.clear_faults()
    return target, outcome


def day_with_rows(loaded: Loaded, dataset: Dataset) -> date:
    good = (entry["window_from"] for entry in loaded.entries[dataset.name] if entry["rows_loaded"])
    return next(good) or SPRING[1]


@pytest.mark.parametrize("dataset", EMPTIED, ids=lambda dataset: dataset.label)
def test_an_empty_answer_never_takes_old_rows_away(
    emptied: tuple[Target, Outcome], loads: Loads, dataset: Dataset
) -> None:
    target, outcome = emptied
    assert stored(target, dataset) == loads("duckdb").before[dataset.name]
    entry = ledger(target, dataset.name)[-1]
    assert entry["status"] == "failed"
    said = "the answer shrank from" if dataset.may_be_empty else "the answer has no rows"
    assert f"{dataset.label} {entry['window_label']}: {said}" in entry["error"]
    assert entry["error"] in outcome.errors


def test_a_day_on_which_every_dataset_is_empty_is_no_success(emptied: tuple[Target, Outcome]) -> None:
    _, outcome = emptied
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.exit_code) == (0, len(EMPTIED), 1)


# --- its memory -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def full_size() -> Iterator[str]:
    """URL of a publisher with the published volume, in a process of its own."""
    command = [sys.executable, "-m", "tests.sandbox", "--scale", "1", "--today", "2025-01-01", "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split('"')[3]
        process.terminate()


def load_at_full_size(target: Target, url: str, first: str, last: str, *datasets: str) -> dict[str, tuple[int, int]]:
    """Rows, and the peak memory up to then in megabytes, of each dataset as the command says them when it ends."""
    options = [word for name in datasets for word in ("--dataset", name)]
    command = [sys.executable, "-m", "loaders.cli", "load", "--from", first, "--to", last, *options]
    environment = command_environment() | target.settings | {"MILLRACE_ELEXON_URL": url}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    said = re.findall(r"^(\S+): \S+ windows, 0 failed, ([\d,]+) rows, .* ([\d,]+) MB", done.stdout, re.MULTILINE)
    return {label: (int(rows.replace(",", "")), int(peak.replace(",", ""))) for label, rows, peak in said}


@pytest.fixture(scope="module")
def one_day(request: pytest.FixtureRequest, full_size: str, make_target: MakeTarget) -> dict[str, tuple[int, int]]:
    """A day of every dataset, in one process."""
    names = [dataset.name for dataset in selected(request, DATASETS)]
    return load_at_full_size(make_target("duckdb"), full_size, "2024-01-02", "2024-01-02", *names)


@pytest.mark.volume
@every_dataset
def test_a_day_at_the_published_volume_stays_under_the_ceiling(
    dataset: Dataset, one_day: dict[str, tuple[int, int]]
) -> None:
    rows, peak = one_day[dataset.label]
    assert rows > 0.5 * (dataset.rows_per_day or dataset.rows or 0) or dataset.may_be_empty
    assert 50 < peak <= MOST_MEGABYTES


@pytest.mark.volume
def test_four_days_of_the_largest_dataset_need_the_memory_of_one(full_size: str, make_target: MakeTarget) -> None:
    day_target, days_target = make_target("duckdb"), make_target("duckdb")
    rows, one = load_at_full_size(day_target, full_size, "2024-01-02", "2024-01-02", "pn")["elexon.pn"]
    four_times, four = load_at_full_size(days_target, full_size, "2024-01-02", "2024-01-05", "pn")["elexon.pn"]
    assert four_times > 3.5 * rows > 350_000
    assert four <= 1.1 * one
