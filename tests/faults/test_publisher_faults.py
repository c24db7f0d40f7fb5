"""Whatever the publisher does wrong: nothing half-loaded counts as done, old rows stay, and a second run repairs it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from typing import Any

import pytest

from loaders.catalogue import Dataset
from loaders.load import Outcome
from tests.conftest import Load, MakeTarget, selected
from tests.loads import ELEXON, Quiet, day, ledger, own_days, published, run_load, stored
from tests.sandbox import Sandbox
from tests.sandbox.faults import FILE_TAMPERING, KINDS
from tests.warehouses import Digest, Target, digest

Record = dict[str, Any]
PN = ELEXON.dataset("pn")
DAYS = ["2024-01-01", "2024-01-02", "2024-01-03"]
BROKEN = DAYS[1]

UNAVAILABLE, CHANGED, NOT_THERE = "SourceUnavailable", "SourceChanged", "NotThere"
# kind, settings, what the window fails with, and what its message says. A 4xx and a wrong content are not asked again.
FAULTS = [
    ("429", {}, UNAVAILABLE, "answered 429"),
    ("500", {}, UNAVAILABLE, "answered 500"),
    ("503", {}, UNAVAILABLE, "answered 503"),
    ("404", {}, NOT_THERE, "answered 404 Not Found"),
    ("status", {"status": 400}, CHANGED, "answered 400 Bad Request"),
    ("html", {}, UNAVAILABLE, "status 200 but the body is a web page"),
    ("html", {"status": 503}, UNAVAILABLE, "answered 503"),
    ("empty_body", {}, UNAVAILABLE, "the body is empty"),
    ("empty_list", {}, UNAVAILABLE, "the answer has no rows"),
    ("error_object", {}, UNAVAILABLE, "status 200 but the body is an object"),
    ("malformed", {"after_bytes": 30_000}, UNAVAILABLE, "malformed JSON"),
    ("undeclared_key", {}, CHANGED, "undeclared key 'undeclaredKey'"),
    ("duplicate_page", {}, UNAVAILABLE, "the answer repeats 100 of its"),
    ("ignore_parameters", {}, CHANGED, "row outside the window: settlement_date is 2024-12-31"),
    ("reset", {"after_bytes": 30_000}, UNAVAILABLE, "the body broke off after"),
    ("truncate", {"after_bytes": 30_000}, UNAVAILABLE, "the body is cut"),
    ("truncate_gzip", {"after_bytes": 3_000}, UNAVAILABLE, "the body is cut"),
    ("wrong_length", {"after_bytes": 30_000}, UNAVAILABLE, "the body broke off after"),
]
# What the publisher does wrong ends before the warehouse: on the second one a fault of each family is enough.
ON_POSTGRES = {"503", "truncate", "undeclared_key", "duplicate_page", "ignore_parameters"}
every_fault = pytest.mark.parametrize(
    ("warehouse_kind", "kind", "settings", "error", "said"),
    [
        pytest.param(warehouse, *fault, id="-".join([warehouse, fault[0], *map(str, fault[1].values())]))
        for warehouse in ("duckdb", "postgres")
        for fault in FAULTS
        if warehouse == "duckdb" or fault[0] in ON_POSTGRES
    ],
    indirect=["warehouse_kind"],
    scope="session",
)


def raised(rows: Iterator[Record]) -> Iterator[Record]:
    """The publisher's correction: every level one higher."""
    return ({**row, "levelFrom": row["levelFrom"] + 1} for row in rows)


def right(publisher: Sandbox, *days: str, corrected: bool = False) -> Digest:
    """What right loads of these days hold."""
    rows: list[Any] = []
    for text in days:
        records = publisher.rows("PN", day(text))
        rows += published(PN, raised(records) if corrected else records)
    return digest(rows)


@pytest.fixture(scope="module")
def template(warehouse_kind: str, make_target: MakeTarget, shared_publisher: Sandbox) -> Target:
    """A warehouse that holds the three days."""
    target = make_target(warehouse_kind)
    assert run_load(target, shared_publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1]).exit_code == 0
    return target


@pytest.fixture
def old(template: Target, request: pytest.FixtureRequest) -> Iterator[Target]:
    """A copy of it for the test."""
    target = template.copy(f"old_{os.getpid()}_{abs(hash(request.node.name)):x}")
    yield target
    target.drop()


def assert_one_window_failed(outcome: Outcome, target: Target, error: str, said: str) -> None:
    """The broken window failed, with a message that says what to do; the others are done."""
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (2, 1, 0)
    assert outcome.exit_code == 2
    [message] = outcome.errors
    assert message.startswith(f"{error}: elexon.pn {BROKEN}: ")
    assert said in message
    assert ("run the same command again later" in message) == (error == UNAVAILABLE)
    last = {entry["window_label"]: entry for entry in ledger(target)}
    assert {label: entry["status"] for label, entry in last.items()} == {
        DAYS[0]: "loaded",
        BROKEN: "failed",
        DAYS[2]: "loaded",
    }
    assert (last[BROKEN]["error"], last[BROKEN]["rows_loaded"]) == (message, 0)


def assert_repaired(target: Target, publisher: Sandbox, wanted: Digest) -> None:
    """The same command asks for the broken window alone, and then the table is what an undisturbed load makes."""
    publisher.clear_faults()
    asked = len(publisher.requests)
    outcome = run_load(target, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1])
    assert (outcome.exit_code, outcome.windows_loaded, outcome.windows_done_before) == (0, 1, 2)
    assert [params["from"] for _, params in publisher.requests[asked:]] == [BROKEN]
    assert stored(target, PN) == wanted


@every_fault
def test_a_fault_that_stays_fails_its_window_alone_and_the_same_command_repairs_it(
    kind: str, settings: Record, error: str, said: str, warehouse: Target, publisher: Sandbox
) -> None:
    publisher.fail("PN", kind, on=BROKEN, times=None, **settings)
    outcome = run_load(warehouse, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1])
    assert_one_window_failed(outcome, warehouse, error, said)
    assert stored(warehouse, PN) == right(publisher, DAYS[0], DAYS[2])
    assert_repaired(warehouse, publisher, right(publisher, *DAYS))


@every_fault
def test_a_fault_during_a_reload_leaves_the_old_rows(
    kind: str, settings: Record, error: str, said: str, old: Target, publisher: Sandbox
) -> None:
    publisher.mutate("PN", raised)
    publisher.fail("PN", kind, on=BROKEN, times=None, **settings)
    outcome = run_load(old, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1], force=True)
    assert_one_window_failed(outcome, old, error, said)
    assert stored(old, PN, f"settlement_date = DATE '{BROKEN}'") == right(publisher, BROKEN)
    others = right(publisher, DAYS[0], DAYS[2], corrected=True)
    assert stored(old, PN, f"settlement_date <> DATE '{BROKEN}'") == others

    publisher.clear_faults()
    publisher.mutate("PN", raised)
    assert run_load(old, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1]).windows_loaded == 1
    assert stored(old, PN) == right(publisher, *DAYS, corrected=True)


@pytest.mark.parametrize(
    ("kind", "settings", "error", "said"),
    [fault for fault in FAULTS if fault[2] == UNAVAILABLE],
    ids=[f"{fault[0]}{fault[1].get('status', '')}" for fault in FAULTS if fault[2] == UNAVAILABLE],
)
def test_a_fault_that_passes_is_not_seen_in_the_table(
    kind: str, settings: Record, error: str, said: str, duckdb_file: Target, publisher: Sandbox
) -> None:
    publisher.fail("PN", kind, on=BROKEN, times=2, **settings)
    asked = len(publisher.requests)
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[-1])
    assert (outcome.exit_code, outcome.windows_loaded, outcome.errors) == (0, 3, [])
    assert [params["from"] for _, params in publisher.requests[asked:]].count(BROKEN) == 3
    assert stored(duckdb_file, PN) == right(publisher, *DAYS)


@pytest.mark.parametrize("kind", ["404", "undeclared_key", "ignore_parameters"])
def test_what_asking_again_cannot_mend_is_asked_once(kind: str, duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.fail("PN", kind, on=BROKEN, times=None)
    asked = len(publisher.requests)
    run_load(duckdb_file, publisher.url("elexon"), ["pn"], BROKEN)
    assert len(publisher.requests) == asked + 1


def test_a_slow_body_is_waited_for(duckdb_file: Target, publisher: Sandbox) -> None:
    publisher.fail("PN", "slow_drip", on=BROKEN, times=None, after_bytes=2_000, delay=0.001)
    assert run_load(duckdb_file, publisher.url("elexon"), ["pn"], BROKEN).exit_code == 0
    assert stored(duckdb_file, PN) == right(publisher, BROKEN)


def test_every_fault_of_an_answer_that_the_sandbox_knows_is_tried_here() -> None:
    assert {kind for kind, *_ in FAULTS} | {"slow_drip"} == KINDS - FILE_TAMPERING


@pytest.mark.parametrize("name", ["remit", "disebsp", "bm_units", "boalf", "freq"])
@pytest.mark.parametrize("kind", ["truncate", "undeclared_key"])
def test_the_other_kinds_of_body_are_judged_as_strictly(
    name: str, kind: str, duckdb_file: Target, publisher: Sandbox
) -> None:
    dataset, on = ELEXON.dataset(name), "2024-01-03"  # a day with messages at this scale
    publisher.fail(name, kind, times=None, after_bytes=300)
    outcome = run_load(duckdb_file, publisher.url("elexon"), [name], on)
    assert (outcome.windows_failed, outcome.exit_code) == (1, 1)
    assert f"{dataset.label} {on if dataset.window else 'snapshot'}: " in outcome.errors[0]
    assert not duckdb_file.has(dataset.table)
    publisher.clear_faults()
    assert run_load(duckdb_file, publisher.url("elexon"), [name], on).exit_code == 0
    wanted = list(own_days(dataset, publisher.rows(name, day(on)), day(on)))
    assert len(wanted) > 0
    assert stored(duckdb_file, dataset) == digest(published(dataset, wanted))


# --- parameters that are ignored --------------------------------------------------------------------------------------


WINDOWED = [dataset for dataset in ELEXON.datasets.values() if dataset.window]


@pytest.fixture(scope="module")
def ignored(
    request: pytest.FixtureRequest, make_target: MakeTarget, shared_publisher: Sandbox
) -> tuple[Target, dict[str, str]]:
    """A warehouse after a load of every dataset from a publisher that ignores its window, and the error of each."""
    target = make_target("duckdb")
    names = [dataset.name for dataset in selected(request, WINDOWED)]
    shared_publisher.ignore_parameters = True
    try:
        outcome = run_load(target, shared_publisher.url("elexon"), names, BROKEN)
    finally:
        shared_publisher.clear_faults()
    assert (outcome.exit_code, outcome.windows_loaded) == (1, 0)
    return target, {error.split()[1]: error for error in outcome.errors}


@pytest.mark.parametrize("dataset", WINDOWED, ids=lambda dataset: dataset.label)
def test_a_publisher_that_ignores_the_window_is_found_out_in_every_dataset(
    dataset: Dataset, ignored: tuple[Target, dict[str, str]]
) -> None:
    target, errors = ignored
    message = errors[dataset.label]
    assert message.startswith(f"SourceChanged: {dataset.label} {BROKEN}: row outside the window: {dataset.window} is ")
    key = next(field.key for field in dataset.fields if field.name == dataset.window)
    assert f'"{key}": "2024-12-' in message, "the row is shown as it was published"
    assert f"correct `request` in {dataset.name}.yml" in message
    assert not target.has(dataset.table)


# --- waiting ----------------------------------------------------------------------------------------------------------


def test_retry_after_is_respected(load: Load, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    sleep = time.sleep
    monkeypatch.setattr(time, "sleep", lambda seconds: waits.append(seconds) if seconds > 1 else sleep(seconds))
    publisher.fail("PN", "429", on=BROKEN, times=1, retry_after=7)
    publisher.fail("PN", "503", on=BROKEN, times=1, retry_after=3_600)
    assert load("pn", BROKEN).exit_code == 0
    assert waits == [7, 60]


# --- giving up --------------------------------------------------------------------------------------------------------


def test_a_publisher_that_is_down_is_not_asked_for_every_window(
    load: Load, warehouse: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "2")
    publisher.fail("PN", "503", times=None)
    asked = len(publisher.requests)
    outcome = load("pn", "2024-01-01", "2024-01-31")
    assert len(publisher.requests) - asked == 5 * 2
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (0, 5, 26)
    assert outcome.exit_code == 1
    assert (
        "5 windows in a row had no answer, so the rest was left; run the same command again later" in outcome.errors[-1]
    )
    assert [entry["status"] for entry in ledger(warehouse)] == ["failed"] * 5

    publisher.clear_faults()
    assert load("pn", "2024-01-01", "2024-01-31").windows_loaded == 31
    assert stored(warehouse, PN) == right(publisher, *[f"2024-01-{number:02}" for number in range(1, 32)])


def test_a_publisher_that_goes_down_keeps_what_it_gave(
    load: Load, warehouse: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "1")
    for number in range(4, 20):
        publisher.fail("PN", "reset", on=f"2024-01-{number:02}", times=None)
    outcome = load("pn", "2024-01-01", "2024-01-20")
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (3, 5, 12)
    assert outcome.exit_code == 2
    assert stored(warehouse, PN) == right(publisher, *DAYS)


def test_failures_with_an_answer_in_between_do_not_end_a_load(
    duckdb_file: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "1")
    for number in (1, 2, 3, 4, 6, 7, 8, 9):
        publisher.fail("PN", "503", on=f"2024-01-{number:02}", times=None)
    outcome = run_load(duckdb_file, publisher.url("elexon"), ["pn"], "2024-01-01", "2024-01-10")
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (2, 8, 0)


def test_one_dataset_that_is_down_does_not_stop_the_others(
    duckdb_file: Target, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "1")
    publisher.fail("FUELHH", "503", times=None)
    reporter = Quiet()
    outcome = run_load(
        duckdb_file, publisher.url("elexon"), ["fuelhh", "pn"], "2024-01-01", "2024-01-07", reporter=reporter
    )
    assert (outcome.windows_loaded, outcome.windows_failed, outcome.windows_left) == (7, 5, 2)
    assert [window.entry.dataset for window in reporter.seen] == ["fuelhh"] * 5 + ["pn"] * 7
