"""kill -9 anywhere, then the same command: the tables are those of an undisturbed load.

At every point every window is wholly there, wholly absent or wholly old, and a window that counts as done is right.
"""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, Protocol

import pytest

from loaders.catalogue import read_catalogue
from tests.conftest import MakeTarget
from tests.faults.killed import IN_THE_SERVICE, POINTS, WINDOWS_A_COMMIT
from tests.loads import ELEXON, day, ledger, published, run_load, running, stored
from tests.sandbox import Sandbox
from tests.warehouses import Digest, Target, digest

Record = dict[str, Any]
DATASET = ELEXON.dataset("fuelhh")
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03", "2024-01-04"]
SPAN = ["load", "--dataset", DATASET.name, "--from", DAYS[0], "--to", DAYS[-1]]
COMMITS = len(DAYS) // WINDOWS_A_COMMIT
BAD = 3  # rows of each day that go to quarantine, so that a commit writes three tables
# Dying at the second pass of these lies in the second commit; a job is passed several times in each.
SECOND = dict.fromkeys(POINTS, 2) | {
    "before a window is fetched": 3,
    "after a window's parts are written": 4,
    "after the tables are there": 3,
    "inside the merge, before its COMMIT": 3,
    IN_THE_SERVICE: 3,
    "after the merge's COMMIT": 3,
    "before a job is taken up": 8,
    "after a file is copied or a statement run": 8,
}
NAMED = [point for point in POINTS if point not in ("any statement", IN_THE_SERVICE)]
RANDOM_KILLS = 3  # for each warehouse


def spoilt(rows: Iterator[Record]) -> Iterator[Record]:
    return ({**row, "generation": "n/a"} if number < BAD else row for number, row in enumerate(rows))


def corrected(rows: Iterator[Record]) -> Iterator[Record]:
    """Other values in every row, and other rows in quarantine."""
    return (
        {**row, "generation": "gone" if number in (5, 6) else row["generation"] + 1} for number, row in enumerate(rows)
    )


def right(publisher: Sandbox, on: str, is_new: bool) -> Digest:
    """One day's rows before or after the correction."""
    records = (corrected if is_new else spoilt)(publisher.rows("FUELHH", day(on)))
    return digest(published(DATASET, [row for row in records if not isinstance(row["generation"], str)]))


def of_day(target: Target, on: str) -> Digest:
    return stored(target, DATASET, f"settlement_date = DATE '{on}'")


def rejects(target: Target) -> Digest:
    return digest(target.rows(DATASET.rejects_table, ["window_label", "record_number", "reason", "raw_record"]))


class Kill(Protocol):
    """Run the command until it dies at the `number`-th pass of a point; 0: it does not. Gives exit code and log."""

    def __call__(
        self, target: Target, point: str, number: int, *options: str, command: Sequence[str] = SPAN, **environment: str
    ) -> tuple[int, str]: ...


@pytest.fixture(scope="module")
def kill(shared_publisher: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kill]:
    log = tmp_path_factory.mktemp("killed") / "log"

    with running([sys.executable, "-m", "tests.faults.killed"]) as server:

        def run(
            target: Target, point: str, number: int, *options: str, command: Sequence[str] = SPAN, **environment: str
        ) -> tuple[int, str]:
            assert server.stdin is not None
            assert server.stdout is not None
            order = {
                "point": point,
                "number": number,
                "arguments": [*command, *options],
                "environment": {"MILLRACE_ELEXON_URL": shared_publisher.url("elexon")} | target.settings | environment,
                "log": str(log),
            }
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
            return int(server.stdout.readline()), log.read_text()

        yield run


@pytest.fixture(scope="module")
def before(warehouse_kind: str, make_target: MakeTarget, shared_publisher: Sandbox) -> Target:
    """A warehouse that holds all days before the correction."""
    return undisturbed(make_target(warehouse_kind), shared_publisher, is_new=False)


@pytest.fixture(scope="module")
def after(warehouse_kind: str, make_target: MakeTarget, shared_publisher: Sandbox) -> Target:
    """A warehouse that an undisturbed load of the corrected days made."""
    return undisturbed(make_target(warehouse_kind), shared_publisher, is_new=True)


def undisturbed(target: Target, publisher: Sandbox, *, is_new: bool) -> Target:
    publisher.mutate("FUELHH", corrected if is_new else spoilt)
    outcome = run_load(target, publisher.url("elexon"), [DATASET.name], DAYS[0], DAYS[-1])
    publisher.clear_faults()
    assert (outcome.exit_code, outcome.windows_loaded) == (0, len(DAYS))
    return target


def assert_nothing_is_half(target: Target, publisher: Sandbox, nothing_or_old: Digest | None) -> set[str]:
    """Each day is as it was or as it is now; what counts as done is right. Gives the days that count as done."""
    done = {entry["window_label"] for entry in ledger(target) if entry["request"] and _is_new(entry, publisher)}
    for on in DAYS:
        new = right(publisher, on, is_new=True)
        was = right(publisher, on, is_new=False) if nothing_or_old is None else nothing_or_old
        assert of_day(target, on) in ({new} if on in done else {new, was}), on
    return done


def _is_new(entry: Record, publisher: Sandbox) -> bool:
    rows = right(publisher, entry["window_label"], is_new=True).rows
    return bool(entry["status"] == "loaded" and entry["rows_loaded"] == rows)


def assert_repaired(target: Target, publisher: Sandbox, undisturbed: Target, done: set[str], **options: Any) -> None:
    """The same command loads what is not done, and then nothing differs from an undisturbed load."""
    asked = len(publisher.requests)
    outcome = run_load(target, publisher.url("elexon"), [DATASET.name], DAYS[0], DAYS[-1], **options)
    assert outcome.exit_code == 0
    if not options:
        assert [params["settlementDateFrom"] for _, params in publisher.requests[asked:]] == sorted(set(DAYS) - done)
    assert stored(target, DATASET) == stored(undisturbed, DATASET)
    assert rejects(target) == rejects(undisturbed)
    good = {entry["window_label"]: entry for entry in ledger(target)}
    assert {label: entry["rows_loaded"] for label, entry in good.items()} == {
        on: right(publisher, on, is_new=True).rows for on in DAYS
    }


@pytest.mark.parametrize("point", NAMED)
def test_a_load_killed_at_a_named_point_is_finished_by_the_same_command(
    point: str, warehouse: Target, after: Target, publisher: Sandbox, kill: Kill
) -> None:
    publisher.mutate("FUELHH", corrected)
    code, log = kill(warehouse, point, SECOND[point])
    assert code == -signal.SIGKILL, log
    done = assert_nothing_is_half(warehouse, publisher, Digest(0, 0))
    recorded = point in ("after dlt recorded the load", "after the commit")
    assert done == set(DAYS if recorded else DAYS[:WINDOWS_A_COMMIT])
    assert_repaired(warehouse, publisher, after, done)


@pytest.mark.parametrize(
    "point",
    [
        "after a file is copied or a statement run",
        "inside the merge, before its COMMIT",
        "after the merge's COMMIT",
        "before dlt records the load",
        "after dlt recorded the load",
    ],
)
def test_a_reload_killed_in_the_warehouse_leaves_each_window_old_or_new(
    point: str, before: Target, after: Target, publisher: Sandbox, kill: Kill, request: pytest.FixtureRequest
) -> None:
    target = before.copy(f"reload_{os.getpid()}_{abs(hash(request.node.name)):x}")
    publisher.mutate("FUELHH", corrected)
    code, log = kill(target, point, SECOND[point], "--force")
    assert code == -signal.SIGKILL, log
    done = assert_nothing_is_half(target, publisher, None)
    assert done >= set(DAYS[:WINDOWS_A_COMMIT])
    assert_repaired(target, publisher, after, done, force=True)
    target.drop()


@pytest.fixture(scope="module")
def statements(warehouse_kind: str, make_target: MakeTarget, shared_publisher: Sandbox, kill: Kill) -> int:
    """How many statements dlt sends in an undisturbed load."""
    shared_publisher.mutate("FUELHH", corrected)
    code, log = kill(make_target(warehouse_kind), "any statement", 0)
    shared_publisher.clear_faults()
    assert code == 0, log
    found = re.search(r"^(\d+) times: any statement", log, re.MULTILINE)
    assert found
    return int(found[1])


@pytest.mark.parametrize("seed", range(RANDOM_KILLS))
def test_a_load_killed_before_any_statement_is_finished_by_the_same_command(
    seed: int, statements: int, warehouse: Target, after: Target, publisher: Sandbox, kill: Kill
) -> None:
    assert statements > 20
    number = random.Random(f"{warehouse.name}{seed}").randint(1, statements)
    publisher.mutate("FUELHH", corrected)
    code, log = kill(warehouse, "any statement", number)
    assert code == -signal.SIGKILL, log
    done = assert_nothing_is_half(warehouse, publisher, Digest(0, 0))
    assert_repaired(warehouse, publisher, after, done)


def test_kill_after_kill_ends_in_the_same_table(
    warehouse: Target, after: Target, publisher: Sandbox, kill: Kill
) -> None:
    publisher.mutate("FUELHH", corrected)
    for point in ("after the merge's COMMIT", "inside the merge, before its COMMIT", "before dlt records the load"):
        code, log = kill(warehouse, point, 1)
        assert code == -signal.SIGKILL, log
        done = assert_nothing_is_half(warehouse, publisher, Digest(0, 0))
    assert_repaired(warehouse, publisher, after, done)


def test_a_finished_load_is_left_alone(after: Target, publisher: Sandbox) -> None:
    asked = len(publisher.requests)
    outcome = run_load(after, publisher.url("elexon"), [DATASET.name], DAYS[0], DAYS[-1])
    assert (outcome.windows_done_before, outcome.windows_loaded) == (len(DAYS), 0)
    assert len(publisher.requests) == asked


# --- Postgres, where a year is swapped as a partition -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "is_new"), [("inside the merge, before its COMMIT", False), ("after the merge's COMMIT", True)]
)
def test_a_year_killed_in_its_swap_is_the_old_one_or_the_new_and_is_loaded_by_the_same_command(
    point: str, is_new: bool, postgres: Target, kill: Kill
) -> None:
    source = read_catalogue().source("dvf")
    dataset = source.dataset("mutations")
    lasting = [field.name for field in dataset.fields if field.computed != "loaded_at"]
    year = ["load", "2022", "--source", "dvf"]
    with Sandbox(scale=0.0002, seed=1) as files:

        def load() -> Digest:
            outcome = run_load(
                postgres, files.url("dvf"), ["mutations"], "2022-01-01", "2022-12-31", source=source, force=True
            )
            assert (outcome.errors, outcome.windows_loaded) == ([], 1)
            return digest(postgres.rows(dataset.table, lasting))

        old = load()
        files.release = 2
        code, log = kill(postgres, point, 1, "--force", command=year, MILLRACE_DVF_URL=files.url("dvf"))
        assert code == -signal.SIGKILL, log
        found = digest(postgres.rows(dataset.table, lasting))
        new = load()
        assert (found, new.rows) == (new if is_new else old, len(list(files.rows("dvf", 2022))))
        assert old != new


# --- BigQuery, where a load costs seconds: before, inside and after the merge -----------------------------------------


@pytest.fixture(scope="module")
def bigquery_before(make_target: MakeTarget, shared_publisher: Sandbox) -> Target:
    return undisturbed(make_target("bigquery"), shared_publisher, is_new=False)


@pytest.fixture(scope="module")
def bigquery_after(make_target: MakeTarget, shared_publisher: Sandbox) -> Target:
    return undisturbed(make_target("bigquery"), shared_publisher, is_new=True)


@pytest.mark.parametrize("point", ["after a file is copied or a statement run", "after the merge's COMMIT"])
def test_a_load_into_bigquery_that_was_killed_is_finished_by_the_same_command(
    point: str, bigquery: Target, bigquery_after: Target, publisher: Sandbox, kill: Kill
) -> None:
    publisher.mutate("FUELHH", corrected)
    code, log = kill(bigquery, point, SECOND[point])
    assert code == -signal.SIGKILL, log
    done = assert_nothing_is_half(bigquery, publisher, Digest(0, 0))
    assert done == set(DAYS[:WINDOWS_A_COMMIT])
    assert_repaired(bigquery, publisher, bigquery_after, done)


def test_a_reload_killed_while_bigquery_merges_leaves_each_window_old_or_new(
    bigquery_before: Target, bigquery_after: Target, publisher: Sandbox, kill: Kill
) -> None:
    target = bigquery_before.copy(f"{bigquery_before.settings['MILLRACE_BIGQUERY_PROJECT']}-reload")
    publisher.mutate("FUELHH", corrected)
    code, log = kill(target, IN_THE_SERVICE, SECOND[IN_THE_SERVICE], "--force")
    assert code == -signal.SIGKILL, log
    done = assert_nothing_is_half(target, publisher, None)
    assert done == set(DAYS[:WINDOWS_A_COMMIT])
    assert_repaired(target, publisher, bigquery_after, done, force=True)
