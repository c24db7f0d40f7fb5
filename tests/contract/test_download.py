"""Files fetched from the markets' own servers: the ones that mean the day, whole or not there, and only if allowed."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loaders.catalogue import Dataset, Source, read_catalogue
from loaders.cli import app
from loaders.download import Download, Downloaded, publisher_of
from loaders.files import find_files
from loaders.markets.read import read
from loaders.published import published
from loaders.recognise import recognise
from tests.loads import run_files
from tests.sandbox import Sandbox
from tests.sandbox.markets import WRITERS
from tests.sandbox.markets.servers import PJM_KEY, SERVERS
from tests.warehouses import Target
from tests.wire import http, sending

CATALOGUE = read_catalogue()
MARKETS = [source for source in CATALOGUE.sources.values() if source.layout]
LATER = "spp.hourly_load_by_zone"  # of another year: it has a test of its own
DATASETS = [
    one for source in MARKETS for one in source.datasets.values() if one.download is not None and one.label != LATER
]
AUTUMN = date(2024, 11, 3)
TODAY = AUTUMN + timedelta(days=1)
NOW = datetime(2024, 11, 4, 12, tzinfo=UTC)
# A server that keeps less than the whole day, or more: what is fetched is among what is meant.
NOT_THE_DAY_ALONE = {"spp.rtbm_lmp", "spp.gen_mix", "ercot.rt_spp", "ercot.sced_lmp", "ercot.dam_spp"}
NOT_THE_DAY_ALONE |= {"ercot.dam_mcpc", "ercot.load_by_weather_zone"}


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(server: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    monkeypatch.setenv("MILLRACE_PJM_KEY", PJM_KEY)
    for market in SERVERS:
        monkeypatch.setenv(f"MILLRACE_{market.upper()}_URL", server.url(market))
    yield server
    server.clear_faults()


def fetch(
    sandbox: Sandbox,
    dataset: Dataset,
    folder: Path,
    first: date = AUTUMN,
    until: date = TODAY,
    now: datetime = NOW,
    source: Source | None = None,
    again: bool = False,
) -> Downloaded:
    source = source or CATALOGUE.source(dataset.source_name)
    download = Download(source, folder, again)
    download.run(dataset, first, until, now, publisher_of(source, dataset, sandbox.url(source.name)))
    return download.outcome


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*"))


def one(label: str) -> Dataset:
    source, name = label.split(".")
    return CATALOGUE.source(source).dataset(name)


def told(dataset: Dataset, *days: date) -> Counter[tuple[object, ...]]:
    writer = WRITERS[dataset.source_name][dataset.name]
    return Counter((at, value) for day in days for file in writer(day) for _, at, value in file.truth)


def meant(dataset: Dataset, folder: Path) -> Counter[tuple[object, ...]]:
    """Instant and value of every row of the files in a folder, which are all the dataset's."""
    found = recognise(CATALOGUE.source(dataset.source_name), find_files(str(folder)))
    assert (list(found.by_dataset), found.unknown, found.unreadable) == ([dataset.name], [], [])
    value = next(field.key for field in dataset.fields if field.type == "double")
    rows: Counter[tuple[object, ...]] = Counter()
    for file in found.by_dataset[dataset.name]:
        with file.open() as opened:
            for batch in read(opened, dataset, file.name):
                rows.update(zip(*(batch.column(key).to_pylist() for key in ("interval_start_at", value)), strict=True))
    return rows


@pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.label)
def test_what_is_fetched_of_a_day_is_what_it_means(dataset: Dataset, sandbox: Sandbox, tmp_path: Path) -> None:
    outcome = fetch(sandbox, dataset, tmp_path)
    assert (outcome.exit_code, outcome.missing, outcome.errors) == (0, [], [])
    assert outcome.fetched == len(names(tmp_path)) > 0
    assert outcome.size == sum(path.stat().st_size for path in tmp_path.iterdir())
    rows = meant(dataset, tmp_path)
    if dataset.label in NOT_THE_DAY_ALONE:
        assert rows <= told(dataset, AUTUMN - timedelta(days=1), AUTUMN)
    else:
        assert rows == told(dataset, AUTUMN)
    again = fetch(sandbox, dataset, tmp_path)
    assert (again.fetched, again.there, again.exit_code) == (0, outcome.fetched, 0)


def test_every_market_says_whether_its_files_may_be_fetched_and_on_which_terms() -> None:
    assert {source.name for source in MARKETS if source.download is None} == set()
    assert {source.name for source in MARKETS if source.download and source.download.terms} == set(SERVERS)
    assert [source.name for source in MARKETS if source.download and source.download.refused] == ["miso"]


def test_what_was_fetched_is_loaded_and_a_second_run_asks_for_nothing(
    sandbox: Sandbox, tmp_path: Path, duckdb_file: Target
) -> None:
    arguments = ["download", "--from", "2024-11-01", "--to", "2024-11-03", "--source", "spp", "--dataset", "da_lmp"]
    folder = tmp_path / "made"
    command = [*arguments, "--out", str(folder)]
    refused = CliRunner().invoke(app, command)
    assert (refused.exit_code, folder.exists()) == (1, False)
    assert "Southwest Power Pool's terms of use" in refused.output.replace("\n", " ")
    first = CliRunner().invoke(app, [*command, "--accept-terms"])
    assert first.exit_code == 0, first.output
    assert "3 files fetched" in first.output
    asked = len(sandbox.requests)
    second = CliRunner().invoke(app, [*command, "--accept-terms"])
    assert (second.exit_code, len(sandbox.requests)) == (0, asked)
    assert "0 files fetched (0 bytes), 3 were there" in second.output
    outcome = run_files(duckdb_file, CATALOGUE.source("spp"), folder, 2024, ["da_lmp"])
    assert (outcome.exit_code, outcome.windows_loaded, outcome.rows_loaded) == (0, 3, (24 + 24 + 25) * 3)


def test_a_day_that_is_not_there_is_said_and_the_others_are_fetched(sandbox: Sandbox, tmp_path: Path) -> None:
    command = ["download", "--from", "2024-11-02", "--to", "2024-11-05", "--source", "spp", "--dataset", "da_lmp"]
    done = CliRunner().invoke(app, [*command, "--out", str(tmp_path), "--accept-terms"])
    said = done.output.replace("\n", " ")
    assert done.exit_code == 2, said
    assert "spp.da_lmp 2024-11-04: not published yet, or not kept any more: http://127.0.0.1" in said
    assert "answered 404 Not Found" in said
    assert "2 files fetched" in said
    assert "2 missing, 0 failed" in said
    assert names(tmp_path) == ["DA-LMP-SL-202411020100.csv", "DA-LMP-SL-202411030100.csv"]
    nothing = fetch(
        sandbox, one("spp.da_lmp"), tmp_path / "other", TODAY, TODAY + timedelta(days=1), NOW.replace(day=9)
    )
    assert nothing.exit_code == 1


WRONG = {
    "html": "is cut or damaged (File is not a zip file); get it again; it begins with '<!DOCTYPE html>",
    "empty_body": "is cut or damaged (File is not a zip file); get it again; it begins with ''",
    "wrong_length": "IncompleteRead(300 bytes read, 1000 more expected)",
    "reset": "the body broke off after",
    "truncate": "is cut or damaged",  # whole, as far as HTTP knows: the archive knows better
    "503": "answered 503",
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_whole_file_is_asked_for_again_and_never_gets_a_name(
    kind: str, sandbox: Sandbox, tmp_path: Path
) -> None:
    october = date(2024, 10, 1), date(2024, 10, 2)  # is over, so one archive of zones and one of generators
    dataset = one("nyiso.damlbmp")
    sandbox.fail("nyiso.damlbmp", kind, on="2024-10-01", times=1, after_bytes=300)
    assert fetch(sandbox, dataset, tmp_path, *october).fetched == 2
    good = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert list(good) and all(name.endswith("_csv.zip") for name in good)

    sandbox.fail("nyiso.damlbmp", kind, on="2024-10-01", times=None, after_bytes=300)
    outcome = fetch(sandbox, dataset, tmp_path, *october, again=True)
    assert (outcome.fetched, len(outcome.errors), outcome.exit_code) == (0, 2, 1)
    assert "SourceUnavailable: nyiso.damlbmp 2024-10: " in outcome.errors[0]
    assert WRONG[kind] in outcome.errors[0]
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == good  # what was there stays


def test_a_file_that_is_there_and_not_whole_is_fetched_again(sandbox: Sandbox, tmp_path: Path) -> None:
    october = date(2024, 10, 1), date(2024, 10, 2)
    dataset = one("nyiso.damlbmp")
    fetch(sandbox, dataset, tmp_path, *october)
    zone = next(tmp_path.glob("*zone*"))
    good = zone.read_bytes()
    middle = len(good) // 2
    for bad in (good[:-40], b"<html>", b"", good[:middle] + bytes([good[middle] ^ 1]) + good[middle + 1 :]):
        zone.write_bytes(bad)
        outcome = fetch(sandbox, dataset, tmp_path, *october)
        assert (outcome.fetched, outcome.there, zone.read_bytes()) == (1, 1, good)


def test_a_refusal_with_status_200_is_told_in_its_own_words(sandbox: Sandbox, tmp_path: Path) -> None:
    after = TODAY + timedelta(days=1)
    outcome = fetch(
        sandbox,
        one("caiso.prc_lmp"),
        tmp_path,
        TODAY + timedelta(days=5),
        after + timedelta(days=5),
        NOW.replace(day=20),
    )
    assert outcome.exit_code == 1
    assert "what came is no file of caiso.prc_lmp; it begins with '<?xml" in outcome.errors[0]


def test_a_publisher_that_stopped_answering_is_left_alone(sandbox: Sandbox, tmp_path: Path) -> None:
    sandbox.fail("spp.da_lmp", "503", times=None)
    asked = len(sandbox.requests)
    outcome = fetch(sandbox, one("spp.da_lmp"), tmp_path, date(2024, 10, 1))
    assert len(sandbox.requests) - asked == 5 * 5
    assert "spp.da_lmp: 5 files in a row had no answer, so 29 were left" in outcome.errors[-1]


# --- habits of a publisher --------------------------------------------------------------------------------------------


def test_pages_become_one_file_under_one_header(sandbox: Sandbox, tmp_path: Path) -> None:
    pjm = CATALOGUE.source("pjm")
    assert pjm.download and pjm.download.pages
    for rows in (7, 50, 99):  # 100 rows: a short last page, an empty last page, one row on the last
        pages = pjm.download.pages.model_copy(update={"rows": rows})
        small = pjm.model_copy(update={"download": pjm.download.model_copy(update={"pages": pages})})
        folder = tmp_path / str(rows)
        assert fetch(sandbox, one("pjm.da_hrl_lmps"), folder, source=small).exit_code == 0
        assert meant(one("pjm.da_hrl_lmps"), folder) == told(one("pjm.da_hrl_lmps"), AUTUMN)


def test_a_page_under_another_header_is_not_joined(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_PJM_KEY", PJM_KEY)
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "1")
    source, dataset = CATALOGUE.source("pjm"), one("pjm.gen_by_fuel")
    assert source.download and source.download.pages
    pages = source.download.pages.model_copy(update={"rows": 1})
    source = source.model_copy(update={"download": source.download.model_copy(update={"pages": pages})})
    header = b"datetime_beginning_utc,datetime_beginning_ept,fuel_type,mw"
    answers = [http("200 OK", body) for body in (header + b"\r\n1,2,Gas,3\r\n", b"<html>\r\n</html>\r\n")]
    with sending(*answers) as url:
        download = Download(source, tmp_path)
        download.run(dataset, AUTUMN, TODAY, NOW, publisher_of(source, dataset, url))
    assert "the page from row 2 begins with another header: b'<html>'" in download.outcome.errors[0]
    assert names(tmp_path) == []


def test_a_key_is_asked_for_when_it_is_needed_and_is_never_shown(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = ["download", "--from", "2024-11-03", "--to", "2024-11-03", "--source", "pjm", "--dataset", "gen_by_fuel"]
    command += ["--out", str(tmp_path), "--accept-terms"]
    monkeypatch.delenv("MILLRACE_PJM_KEY")
    without = CliRunner().invoke(app, command)
    assert without.exit_code == 1
    assert "AccessRefused: PJM wants a key of your own" in without.output
    assert "MILLRACE_PJM_KEY" in without.output
    monkeypatch.setenv("MILLRACE_PJM_KEY", "a-wrong-one\nin two lines")
    broken = CliRunner().invoke(app, command)
    assert (broken.exit_code, "a-wrong-one" in broken.output) == (1, False)
    assert "MILLRACE_PJM_KEY holds more than one line" in broken.output
    monkeypatch.setenv("MILLRACE_PJM_KEY", "a-wrong-one")
    asked = len(sandbox.requests)
    wrong = CliRunner().invoke(app, command)
    assert wrong.exit_code == 1
    assert "answered 401" in wrong.output.replace("\n", " ")
    assert len(sandbox.requests) == asked + 1  # asked once
    assert "a-wrong-one" not in wrong.output + repr(publisher_of(CATALOGUE.source("pjm"), one("pjm.gen_by_fuel")))
    assert names(tmp_path) == []


def test_a_listing_that_has_lost_the_day_says_so(sandbox: Sandbox, tmp_path: Path) -> None:
    outcome = fetch(sandbox, one("ercot.dam_spp"), tmp_path, date(2024, 8, 1), date(2024, 8, 4))
    assert (outcome.exit_code, names(tmp_path)) == (1, [])
    assert "nothing is listed any more of 3 days, 2024-08-01 to 2024-08-03" in outcome.missing[0]
    sandbox.fail("ercot.dam_spp.list", "html", times=None)
    assert "answered with no list" in fetch(sandbox, one("ercot.dam_spp"), tmp_path).errors[0]


@pytest.mark.parametrize("name", ["../up_20241103_csv.zip", ".20241103_csv.zip", "a/b_20241103_csv.zip"])
def test_a_listed_name_is_no_path(name: str, tmp_path: Path) -> None:
    listing = {"ListDocsByRptTypeRes": {"DocumentList": {"Document": {"ConstructedName": name, "DocID": "1"}}}}
    with sending(http("200 OK", json.dumps(listing).encode())) as url:
        source, dataset = CATALOGUE.source("ercot"), one("ercot.dam_spp")
        download = Download(source, tmp_path / "in")
        download.run(dataset, AUTUMN, TODAY, NOW, publisher_of(source, dataset, url))
    assert f"{name!r} is no name that a file may have here" in download.outcome.errors[0]
    assert names(tmp_path) == []


def test_a_cookie_is_got_first(sandbox: Sandbox, tmp_path: Path) -> None:
    before = len(sandbox.requests)
    fetch(sandbox, one("isone.da_lmp"), tmp_path)
    assert [path.rpartition("/")[2] for path, _ in sandbox.requests[before:]] == [
        "gen-fuel-mix",
        "WW_DALMP_ISO_20241103.csv",
    ]


def test_a_file_that_has_another_form_since_is_the_other_datasets(tmp_path: Path) -> None:
    day = date(2026, 11, 1)
    with Sandbox(today=date(2026, 11, 3)) as sandbox:
        outcomes = [
            fetch(sandbox, one(label), tmp_path, day, day + timedelta(days=1), datetime(2026, 11, 9, tzinfo=UTC))
            for label in ("spp.hourly_load", LATER)
        ]
    assert [(outcome.fetched, outcome.there, outcome.errors) for outcome in outcomes] == [(1, 0, []), (0, 1, [])]
    assert meant(one(LATER), tmp_path) == told(one(LATER), day)


# --- which files ------------------------------------------------------------------------------------------------------


def planned(label: str, first: date, until: date, now: datetime) -> list[str]:
    dataset = one(label)
    return [file.name for file in published(CATALOGUE.source(dataset.source_name), dataset, first, until, now)]


def test_a_month_that_is_over_is_one_archive_and_the_running_one_its_days() -> None:
    files = planned("nyiso.pal", date(2024, 9, 29), date(2024, 11, 30), NOW)
    assert files == ["20240901pal_csv.zip", "20241001pal_csv.zip", *(f"2024110{day}pal.csv" for day in (1, 2, 3))]


def test_a_day_is_over_by_the_markets_own_clock() -> None:
    over = datetime(2024, 11, 4, 5, tzinfo=UTC)  # midnight in New York, an hour before Chicago
    assert planned("nyiso.pal", AUTUMN, TODAY, over) == ["20241103pal.csv"]
    assert planned("spp.da_lmp", AUTUMN, TODAY, over) == []
    assert planned("spp.da_lmp", AUTUMN, TODAY, over + timedelta(hours=1)) == ["DA-LMP-SL-202411030100.csv"]


def test_hours_of_a_clock_change_are_each_asked_for() -> None:
    for day, hours in ((date(2024, 3, 10), 23), (AUTUMN, 25)):
        assert len(set(planned("caiso.prc_intvl_lmp", day, day + timedelta(days=1), NOW))) == hours


def test_a_span_of_which_nothing_is_over_is_said(sandbox: Sandbox, tmp_path: Path) -> None:
    outcome = fetch(sandbox, one("spp.da_lmp"), tmp_path, date(2025, 1, 1), date(2025, 2, 1))
    assert (outcome.exit_code, outcome.missing) == (1, ["spp.da_lmp: nothing that was asked for is over yet"])


# --- what is not fetched ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--source", "miso"], "You agree not use any automated means"),
        (["--source", "miso", "--dataset", "lmp_5min"], "Load files that you have: millrace load --source miso"),
        (["--source", "elexon"], "Elexon BMRS has no files to download"),
        (["--source", "spp", "--dataset", "rtbm_mcp"], "no address is known for rtbm_mcp"),
        (["--source", "caiso"], "California ISO's terms of use"),
    ],
)
def test_what_may_not_be_fetched_is_refused_with_the_reason(arguments: list[str], said: str, tmp_path: Path) -> None:
    accepted = [] if "caiso" in arguments else ["--accept-terms"]
    done = CliRunner().invoke(app, ["download", "2024", *arguments, "--out", str(tmp_path / "x"), *accepted])
    assert (done.exit_code, (tmp_path / "x").exists()) == (1, False)
    assert said in done.output.replace("\n", " ")


def test_what_a_killed_process_left_is_cleared_and_never_read(sandbox: Sandbox, tmp_path: Path) -> None:
    left, other = tmp_path / ".downloading-999999999", tmp_path / f".downloading-{os.getppid()}"
    for folder in (left, other):
        folder.mkdir()
        (folder / "DA-LMP-SL-202411010100.csv").write_bytes(b"Interval,GMTIntervalEnd,Settlement Location")
    assert fetch(sandbox, one("spp.da_lmp"), tmp_path).fetched == 1
    assert (left.exists(), other.exists()) == (False, True)  # that process is still at work
    assert [file.name for file in find_files(str(tmp_path))] == ["DA-LMP-SL-202411030100.csv"]
