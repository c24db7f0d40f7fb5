"""What holds for every dataset of the catalogue. A new declaration is tested here as soon as it is a file."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit
from zoneinfo import ZoneInfo

import pytest

from loaders.catalogue import SOURCES, Dataset, read_catalogue, read_source
from loaders.load import Outcome
from loaders.windows import Window
from tests.conftest import MakeTarget
from tests.loads import (
    ELEXON,
    ROOT,
    command_environment,
    day,
    ledger,
    own_days,
    published,
    run_load,
    stored,
)
from tests.sandbox import Sandbox
from tests.sandbox.elexon.publisher import dataset_code
from tests.warehouses import Target, digest

# What is asked for by the day. Files of a year are held to the same in test_year_files.
DATASETS = [dataset for dataset in read_catalogue().datasets() if dataset.request.window != "year"]
WINDOWED = [dataset for dataset in DATASETS if dataset.window is not None]
every_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.label)
every_window = pytest.mark.parametrize("dataset", WINDOWED, ids=lambda dataset: dataset.label)

# Each span has a day on which the clocks change between two neighbours.
SPRING = [day("2024-03-30"), day("2024-03-31"), day("2024-04-01")]
AUTUMN = [day("2024-10-26"), day("2024-10-27"), day("2024-10-28")]
DAYS = SPRING + AUTUMN
MOST_MEGABYTES = 300  # at scale 1; what the README promises for any dataset and any length


@dataclass(frozen=True)
class Loaded:
    """A warehouse into which both spans of every dataset were loaded, and the first of them again."""

    target: Target
    first: list[Outcome]
    before: dict[str, tuple[int, int]]  # digests between the two
    again: Outcome


@pytest.fixture(scope="module")
def loaded(warehouse_kind: str, make_target: MakeTarget, shared_publisher: Sandbox) -> Iterator[Loaded]:
    target, url = make_target(warehouse_kind), shared_publisher.url("elexon")
    names = [dataset.name for dataset in DATASETS]

    first = [run_load(target, url, names, f"{span[0]}", f"{span[-1]}") for span in (SPRING, AUTUMN)]
    before = {dataset.name: stored(target, dataset) for dataset in DATASETS}
    yield Loaded(target, first, before, run_load(target, url, names, f"{SPRING[0]}", f"{SPRING[-1]}", force=True))


def records(publisher: Sandbox, dataset: Dataset, on: date) -> list[dict[str, Any]]:
    """The publisher's records that the window of `on` stores."""
    return list(own_days(dataset, publisher.rows(dataset.name, on), on))


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
    window = Window(dataset.request.window, ZoneInfo(ELEXON.time_zone), DAYS[1] if dataset.window else None)
    params = {name: value.format_map(window.values) for name, value in dataset.request.params.items()}
    path = urlsplit(publisher.url("elexon")).path.removeprefix("/elexon").removesuffix(publisher.elexon.base_path)
    answer = publisher.elexon.answer(
        path + dataset.route.format_map(window.values), {name: [value] for name, value in params.items()}
    )
    if answer.status != 200 or next(answer.records, None) is None:
        asked = f"{dataset.route}?{urlencode(params)}"
        pytest.fail(f"{how}: the sandbox answers {asked} with status {answer.status} and no record")


@every_dataset
def test_it_has_a_fixture_in_the_sandbox(dataset: Dataset, shared_publisher: Sandbox) -> None:
    require_fixture(dataset, shared_publisher)


def test_a_dataset_without_a_fixture_fails_by_name_with_what_to_write(
    tmp_path: Path, shared_publisher: Sandbox
) -> None:
    shutil.copytree(SOURCES / "elexon", tmp_path / "elexon")
    path = tmp_path / "elexon" / "datasets" / "fuelhh.yml"
    path.with_name("windfor.yml").write_text(path.read_text().replace("FUELHH", "WINDFOR"))
    path.with_name("ndf.yml").write_text(path.read_text().replace("FUELHH", "NDFX"))
    source = read_source(tmp_path / "elexon")
    with pytest.raises(pytest.fail.Exception, match=r"elexon\.windfor .* has no fixture: write a generator .* a row"):
        require_fixture(source.dataset("windfor"), shared_publisher)
    with pytest.raises(pytest.fail.Exception, match=r"elexon\.ndf .*the sandbox answers /datasets/NDFX.* status 404"):
        require_fixture(source.dataset("ndf"), shared_publisher)


# --- its table --------------------------------------------------------------------------------------------------------


def test_every_window_of_every_dataset_loads(loaded: Loaded) -> None:
    for outcome in [*loaded.first, loaded.again]:
        assert (outcome.exit_code, outcome.errors, outcome.windows_failed, outcome.windows_left) == (0, [], 0, 0)
        assert outcome.windows_loaded == 3 * len(WINDOWED) + (len(DATASETS) - len(WINDOWED))


@every_dataset
def test_its_columns_are_the_declared_ones_with_the_declared_types(loaded: Loaded, dataset: Dataset) -> None:
    expected = {field.name: loaded.target.types[field.type] for field in dataset.fields}
    found = {name: kind for name, kind in loaded.target.columns(dataset.table).items() if not name.startswith("_dlt")}
    assert found == expected


@every_window
def test_its_rows_are_the_publishers_own(loaded: Loaded, dataset: Dataset, shared_publisher: Sandbox) -> None:
    wanted = [record for on in DAYS for record in records(shared_publisher, dataset, on)]
    assert len(wanted) >= len(DAYS)
    assert stored(loaded.target, dataset) == digest(published(dataset, wanted))


@pytest.mark.parametrize("dataset", [one for one in DATASETS if one.window is None], ids=lambda dataset: dataset.label)
def test_a_snapshot_is_the_publishers_last_state(loaded: Loaded, dataset: Dataset, shared_publisher: Sandbox) -> None:
    wanted = list(shared_publisher.rows(dataset.name, DAYS[0]))
    assert stored(loaded.target, dataset) == digest(published(dataset, wanted))


@every_dataset
def test_loading_it_again_gives_the_same_table(loaded: Loaded, dataset: Dataset) -> None:
    assert stored(loaded.target, dataset) == loaded.before[dataset.name]
    assert loaded.before[dataset.name][0] > 0


@every_window
def test_adjacent_windows_never_duplicate_a_row_or_leave_one_out(
    loaded: Loaded, dataset: Dataset, shared_publisher: Sandbox
) -> None:
    per_grain = Counter(loaded.target.rows(dataset.table, dataset.grain))
    assert max(per_grain.values()) == 1
    assert len(per_grain) == sum(len(records(shared_publisher, dataset, on)) for on in DAYS)


@every_window
def test_days_of_clock_changes_are_whole_and_in_their_own_window(
    loaded: Loaded, dataset: Dataset, shared_publisher: Sandbox
) -> None:
    for on, periods in ((SPRING[1], 46), (AUTUMN[1], 50)):
        wanted = records(shared_publisher, dataset, on)
        entry = [entry for entry in ledger(loaded.target, dataset.name) if entry["window_from"] == on][-1]
        assert entry["rows_loaded"] == len(wanted)
        assert wanted or dataset.may_be_empty
        if "settlement_period" in dataset.schema.names and dataset.request.window == "settlement_day":
            of_day = f"settlement_date = DATE '{on}'"
            found = {row[0] for row in loaded.target.rows(dataset.table, ["settlement_period"], of_day)}
            assert found == set(range(1, periods + 1))
        if dataset.request.window == "utc_day":
            span = f"{dataset.window} >= '{on}T00:00:00Z' AND {dataset.window} < '{on + timedelta(days=1)}T00:00:00Z'"
            assert loaded.target.count(dataset.table, span) == len(wanted)


@every_dataset
def test_its_ledger_accounts_for_every_row(loaded: Loaded, dataset: Dataset) -> None:
    entries = ledger(loaded.target, dataset.name)
    for entry in entries:
        assert entry["status"] == ("loaded" if entry["rows_read"] else "empty")
        assert entry["rows_read"] == entry["rows_loaded"] + entry["rows_quarantined"] + entry["rows_neighbouring"]
        assert entry["bytes_read"] > 0
        assert re.fullmatch("[0-9a-f]{64}", entry["sha256"])
    last = {entry["window_label"]: entry for entry in entries}
    assert sum(entry["rows_loaded"] for entry in last.values()) == loaded.target.count(dataset.table)
    assert (sum(entry["rows_neighbouring"] for entry in entries) > 0) == (dataset.overlap is not None)


@every_dataset
def test_the_same_answer_has_the_same_checksum(loaded: Loaded, dataset: Dataset) -> None:
    checksums: dict[str, set[str]] = {}
    for entry in ledger(loaded.target, dataset.name):
        checksums.setdefault(entry["window_label"], set()).add(entry["sha256"])
    assert all(len(found) == 1 for found in checksums.values())


# --- its empty answer -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def emptied(loaded: Loaded, make_target: MakeTarget, shared_publisher: Sandbox) -> Iterator[tuple[Target, Outcome]]:
    """The same warehouse after the publisher answered one day of every dataset without a record."""
    target = loaded.target.copy(f"{loaded.target.name}_emptied")
    for dataset in DATASETS:
        shared_publisher.mutate(dataset.name, lambda rows: iter(()))
    try:
        outcome = run_load(
            target, shared_publisher.url("elexon"), [d.name for d in DATASETS], f"{SPRING[1]}", force=True
        )
    finally:
        shared_publisher.clear_faults()
    yield target, outcome


@every_dataset
def test_an_empty_answer_never_takes_old_rows_away(
    emptied: tuple[Target, Outcome], loaded: Loaded, dataset: Dataset
) -> None:
    target, outcome = emptied
    assert stored(target, dataset) == loaded.before[dataset.name]
    entry = ledger(target, dataset.name)[-1]
    assert entry["status"] == "failed"
    said = "the answer shrank from" if dataset.may_be_empty else "the answer has no rows"
    assert f"{dataset.label} {entry['window_label']}: {said}" in entry["error"]
    assert entry["error"] in outcome.errors


def test_a_day_on_which_every_dataset_is_empty_is_no_success(emptied: tuple[Target, Outcome]) -> None:
    _, outcome = emptied
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.exit_code) == (0, len(DATASETS), 1)


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
def one_day(full_size: str, make_target: MakeTarget) -> dict[str, tuple[int, int]]:
    """A day of every dataset, in one process."""
    return load_at_full_size(make_target("duckdb"), full_size, "2024-01-02", "2024-01-02")


@pytest.mark.slow
@every_dataset
def test_a_day_at_the_published_volume_stays_under_the_ceiling(
    dataset: Dataset, one_day: dict[str, tuple[int, int]]
) -> None:
    rows, peak = one_day[dataset.label]
    assert rows > 0.5 * (dataset.rows_per_day or dataset.rows or 0)
    assert 50 < peak <= MOST_MEGABYTES


@pytest.mark.slow
def test_eight_days_of_the_largest_dataset_need_the_memory_of_one(full_size: str, make_target: MakeTarget) -> None:
    day_target, week_target = make_target("duckdb"), make_target("duckdb")
    rows, one = load_at_full_size(day_target, full_size, "2024-01-02", "2024-01-02", "pn")["elexon.pn"]
    eight_times, eight = load_at_full_size(week_target, full_size, "2024-01-02", "2024-01-09", "pn")["elexon.pn"]
    assert eight_times > 7 * rows > 700_000
    assert eight <= 1.1 * one
