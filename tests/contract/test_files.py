"""Files that a user has: recognised by what is in them, loaded once, and replaced by what corrects them."""

from __future__ import annotations

import gzip
import io
import os
import random
import tarfile
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from loaders.catalogue import Source, read_source
from loaders.destination import open_session
from loaders.errors import DeclarationError, SourceUnavailable
from loaders.files import find_files
from loaders.load import Outcome, Request, make_plan, run_plan
from loaders.recognise import recognise
from loaders.status import show_differences
from loaders.transport import Publisher
from tests.loads import Quiet
from tests.warehouses import Target

SOURCE = """\
title: A market
publisher: Somebody
about: Prices.
documentation: https://example.org
licence: none
time_zone: Europe/London
domain: power_us
requests:
  a_file: {window: file}
"""
FIELDS = """\
day: {key: day, type: date, about: "Day"}
hour: {key: hour, type: integer, about: "Hour"}
node: {key: node, type: string, about: "Where"}
price: {key: price, type: double, about: "Price"}
file: {computed: file, type: string, about: "File"}
sha256: {computed: body_sha256, type: string, about: "SHA-256 of the file"}
"""
PRICES = """\
title: Prices
about: Prices of an hour.
request: a_file
files: {header: "day,hour,node,price"}
format: csv
window: day
replaces: [day, node]
grain: [day, hour, node]
fields: [day, hour, node, price, file, sha256]
"""
LOADS = """\
title: Loads
about: Loads of an hour.
request: a_file
files: {names: ["*load*"], header: "day,hour,node"}
format: parquet
window: day
replaces: [day]
grain: [day, hour, node]
fields: [day, hour, node, file, sha256]
"""
SPRING = datetime(2024, 4, 1, tzinfo=UTC)


@pytest.fixture
def source(tmp_path: Path) -> Source:
    home = tmp_path / "declared" / "market"
    (home / "datasets").mkdir(parents=True)
    (home / "source.yml").write_text(SOURCE)
    (home / "fields.yml").write_text(FIELDS)
    (home / "datasets" / "prices.yml").write_text(PRICES)
    (home / "datasets" / "loads.yml").write_text(LOADS)
    return read_source(home)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "files"
    made.mkdir()
    return made


def prices(days: list[str], nodes: str, price: float = 1.0, hours: int = 3) -> bytes:
    rows = [f"{day},{hour},{node},{price}" for day in days for hour in range(hours) for node in nodes]
    return "\n".join(["day,hour,node,price", *rows, ""]).encode()


def put(folder: Path, name: str, content: bytes, age: int = 0) -> None:
    """A file that changed `age` days before the others."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    at = (SPRING - timedelta(days=age)).timestamp()
    os.utime(path, (at, at))


def load(target: Target, source: Source, folder: Path | str, *, force: bool = False, year: int = 2024) -> Outcome:
    warehouse = target.open()
    datasets = tuple(source.datasets.values())
    with warehouse.lock(datasets), open_session(warehouse) as session:
        found = recognise(source, find_files(str(folder)))
        request = Request(source, datasets, date(year, 1, 1), date(year + 1, 1, 1), force=force, files=found)
        return run_plan(make_plan(request, session), request, session, Publisher("", 1), Quiet())


def verify(target: Target, source: Source) -> tuple[int, str]:
    console = Console(file=io.StringIO(), width=200)
    with open_session(target.open()) as session:
        differences = show_differences(console, list(source.datasets.values()), session)
    assert isinstance(console.file, io.StringIO)
    return differences, console.file.getvalue()


def rows(target: Target) -> list[tuple[object, ...]]:
    return sorted(target.rows("market__prices", ["day", "node", "hour", "price", "file"]))


def expected(days: list[str], nodes: str, price: float, file: str, hours: int = 3) -> list[tuple[object, ...]]:
    return [
        (date.fromisoformat(day), node, hour, price, file) for day in days for node in nodes for hour in range(hours)
    ]


JANUARY = ["2024-01-01", "2024-01-02"]


def test_files_are_loaded_once_and_a_corrected_one_replaces_what_it_speaks_for(
    warehouse: Target, source: Source, folder: Path
) -> None:
    put(folder, "a.csv", prices(JANUARY, "AB"), age=3)
    put(folder, "deep/er; it's {c}.csv", prices(JANUARY, "C"), age=2)  # the same days, another place
    first = load(warehouse, source, folder)
    assert (first.exit_code, first.windows_loaded, first.rows_loaded) == (0, 2, 18)
    both = sorted([*expected(JANUARY, "AB", 1.0, "a.csv"), *expected(JANUARY, "C", 1.0, "deep/er; it's {c}.csv")])
    assert rows(warehouse) == both

    again = load(warehouse, source, folder)
    assert (again.windows_loaded, again.windows_done_before, again.exit_code) == (0, 2, 0)

    put(folder, "the same under another name.csv", prices(JANUARY, "AB"))
    renamed = load(warehouse, source, folder)
    assert (renamed.windows_loaded, renamed.windows_done_before) == (0, 3)

    put(folder, "a corrected.csv", prices(JANUARY[1:], "B", 2.0))
    corrected = load(warehouse, source, folder)
    assert (corrected.windows_loaded, corrected.rows_loaded) == (1, 3)
    kept = [row for row in both if not (row[0] == date(2024, 1, 2) and row[1] == "B")]
    assert rows(warehouse) == sorted([*kept, *expected(JANUARY[1:], "B", 2.0, "a corrected.csv")])
    assert verify(warehouse, source)[0] == 0

    put(folder, "a.csv", prices(JANUARY, "AB", 3.0, hours=4), age=1)  # the same name, other bytes
    load(warehouse, source, folder)
    both = [*expected(JANUARY, "AB", 3.0, "a.csv", hours=4), *expected(JANUARY, "C", 1.0, "deep/er; it's {c}.csv")]
    assert rows(warehouse) == sorted(both)
    assert verify(warehouse, source)[0] == 0

    before = [row[:4] for row in rows(warehouse)]
    put(folder, "a.csv", prices(JANUARY, "AB", 3.0, hours=4), age=-1)  # the last to have changed
    assert load(warehouse, source, folder, force=True).windows_loaded == 4
    assert [row[:4] for row in rows(warehouse)] == before
    assert verify(warehouse, source)[0] == 0


def test_files_of_one_commit_that_speak_for_the_same_place_do_not_double_it(
    duckdb_file: Target, source: Source, folder: Path
) -> None:
    put(folder, "new.csv", prices(JANUARY, "AB", 2.0))
    put(folder, "old.csv", prices(JANUARY, "AB", 1.0), age=9)
    assert load(duckdb_file, source, folder).windows_loaded == 2
    assert rows(duckdb_file) == sorted(expected(JANUARY, "AB", 2.0, "new.csv"))
    assert verify(duckdb_file, source)[0] == 0
    load(duckdb_file, source, folder / "old.csv", force=True)  # what is loaded last stands
    assert rows(duckdb_file) == sorted(expected(JANUARY, "AB", 1.0, "old.csv"))
    assert verify(duckdb_file, source)[0] == 0


def test_rows_that_somebody_deleted_are_found(duckdb_file: Target, source: Source, folder: Path) -> None:
    put(folder, "a.csv", prices(JANUARY, "AB"))
    load(duckdb_file, source, folder)
    duckdb_file.execute("DELETE FROM raw.market__prices WHERE node = 'A'")
    differences, said = verify(duckdb_file, source)
    assert differences == 1
    assert "market.prices a.csv: the ledger says 12 rows, 6 are there" in said


def test_archives_are_read_in_place_and_each_member_is_a_file(
    duckdb_file: Target, source: Source, folder: Path
) -> None:
    with zipfile.ZipFile(folder / "month.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        undated = zipfile.ZipInfo("one.csv", (1980, 0, 0, 0, 0, 0))  # as programs without a clock write it
        archive.writestr(undated, prices(JANUARY[:1], "A"))
        archive.writestr("__MACOSX/one.csv", b"junk")
    with tarfile.open(folder / "packed.tar.gz", "w:gz", format=tarfile.GNU_FORMAT) as packed:
        content = prices(JANUARY[1:], "A")
        about = tarfile.TarInfo("in/two.csv")
        about.size, about.mtime = len(content), 1 << 60
        packed.addfile(about, io.BytesIO(content))
    assert load(duckdb_file, source, folder).exit_code == 0
    assert {row[4] for row in rows(duckdb_file)} == {"month.zip/one.csv", "packed.tar.gz/in/two.csv"}
    assert len(rows(duckdb_file)) == 6


def test_a_name_that_is_no_utf_8_is_shown_with_its_bytes(duckdb_file: Target, source: Source, folder: Path) -> None:
    put(folder, os.fsdecode(b"prix \xe9.csv"), prices(JANUARY[:1], "A"))
    with tarfile.open(folder / "packed.tar", "w", format=tarfile.USTAR_FORMAT, encoding="latin-1") as packed:
        content = prices(JANUARY[1:], "A")
        about = tarfile.TarInfo("\xe9.csv")
        about.size = len(content)
        packed.addfile(about, io.BytesIO(content))
    assert load(duckdb_file, source, folder).errors == []
    assert {row[4] for row in rows(duckdb_file)} == {r"prix \udce9.csv", r"packed.tar/\udce9.csv"}


@pytest.mark.parametrize("kind", ["deflated.zip", "lzma.zip", "bzip2.zip", "a.tar.gz", "a.tar.xz.tar"])
def test_a_damaged_archive_is_refused_or_read_as_it_was(kind: str, folder: Path) -> None:
    """Wherever a bit is another. Of a tar's members, only the compression has a checksum."""
    content, buffer = prices(JANUARY, "AB" * 300), io.BytesIO()
    if kind.endswith(".zip"):
        method = {"deflated": zipfile.ZIP_DEFLATED, "lzma": zipfile.ZIP_LZMA, "bzip2": zipfile.ZIP_BZIP2}
        with zipfile.ZipFile(buffer, "w", method[kind.removesuffix(".zip")]) as archive:
            archive.writestr("a.csv", content)
    else:
        with tarfile.open(fileobj=buffer, mode="w:gz" if kind == "a.tar.gz" else "w:xz") as packed:
            about = tarfile.TarInfo("a.csv")
            about.size = len(content)
            packed.addfile(about, io.BytesIO(content))
    good, draw, refused = buffer.getvalue(), random.Random(kind), 0
    for _ in range(60):
        bad = bytearray(good)
        bad[draw.randrange(len(bad))] ^= 1 << draw.randrange(8)
        (folder / kind).write_bytes(bad)
        try:
            assert [b"".join(file.read()) for file in find_files(str(folder))] == [content]
        except SourceUnavailable:
            refused += 1
    assert refused > 30


def test_the_list_of_an_archive_is_read_once_for_all_that_is_in_it(
    source: Source, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [f"2024-01-{day:02}" for day in range(1, 31)]
    with zipfile.ZipFile(folder / "month.zip", "w") as zipped, tarfile.open(folder / "month.tar.gz", "w:gz") as packed:
        for day in days:
            content = prices([day], "A")
            zipped.writestr(f"{day}.csv", content)
            about = tarfile.TarInfo(f"{day}.csv")
            about.size = len(content)
            packed.addfile(about, io.BytesIO(content))
    lists_read: list[str] = []

    class Zip(zipfile.ZipFile):
        def _RealGetContents(self) -> None:  # noqa: N802 - as it is called there
            lists_read.append("zip")
            super()._RealGetContents()

    class Tar(tarfile.TarFile):
        @classmethod
        def gzopen(cls, *arguments: Any, **options: Any) -> tarfile.TarFile:
            lists_read.append("tar.gz")
            return super().gzopen(*arguments, **options)

    monkeypatch.setattr(zipfile, "ZipFile", Zip)
    monkeypatch.setattr(tarfile, "open", Tar.open)
    found = recognise(source, find_files(str(folder)))
    by_turns = {file.name: b"".join(file.read()) for file in found.by_dataset["prices"]}
    assert by_turns == {f"month.{kind}/{day}.csv": prices([day], "A") for kind in ("zip", "tar.gz") for day in days}
    assert sorted(lists_read) == ["tar.gz", "zip"]
    (folder / "month.zip").unlink()
    assert {file.archive.name for file in find_files(str(folder)) if file.archive} == {"month.tar.gz"}


def test_parquet_is_read_by_its_columns(duckdb_file: Target, source: Source, folder: Path) -> None:
    table = pa.table({"node": ["A"], "hour": [1], "day": [date(2024, 1, 1)], "not_wanted": [b"x"]})
    pq.write_table(table.select(["day", "hour", "node", "not_wanted"]), folder / "load.parquet")
    pq.write_table(table.drop_columns("hour"), folder / "load without hours.parquet")
    outcome = load(duckdb_file, source, folder)
    assert outcome.rows_loaded == 1
    assert duckdb_file.rows("market__loads", ["day", "hour", "node"]) == [(date(2024, 1, 1), 1, "A")]


def test_a_file_without_a_row_of_the_year_is_left(duckdb_file: Target, source: Source, folder: Path) -> None:
    put(folder, "prices 2024.csv", prices(["2023-12-31"], "A"))  # its name says nothing
    put(folder, "over new year.csv", prices(["2023-12-31", "2024-01-01"], "B"))
    outcome = load(duckdb_file, source, folder)
    assert (outcome.windows_loaded, outcome.windows_outside, outcome.exit_code) == (1, 1, 0)
    assert {row[1] for row in rows(duckdb_file)} == {"B"}


def zip_of(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def parquet_of(**columns: list[Any]) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    return buffer.getvalue()


BROKEN = {
    "load of structs.parquet": (
        parquet_of(day=[date(2024, 1, 1)], hour=[{"of": 1}], node=["Z"]),
        "hour is of the type struct<of: int64>, of which no integer can be made",
    ),
    "load of nobody.parquet": (
        parquet_of(day=[], hour=[], node=[]).replace(b"node", b"n\xf3de"),
        "is not parquet that can be read",
    ),
    "load cut.parquet": (parquet_of(day=[], hour=[], node=[])[:-20], "is not parquet that can be read"),
    "cut.zip": (zip_of("x.csv", prices(JANUARY, "Z"))[:-30], "cut.zip is cut or damaged"),
    "outside.zip": (zip_of("../../x.csv", prices(JANUARY, "Z")), "a path outside of itself"),
    "bomb.zip": (zip_of("x.csv", b"day,hour,node,price\n" + b"0" * (101 << 20)), "refused as a bomb"),
    "cut.csv.gz": (gzip.compress(prices(JANUARY, "Z" * 5000))[:-9], "the gzip file is cut"),
    "ragged.csv": (prices(JANUARY, "Z") + b"1,2,3,4,5,6\n", "malformed"),
    "empty.csv": (b"day,hour,node,price\n", "no rows"),
}


@pytest.mark.parametrize("name", sorted(BROKEN))
def test_a_bad_file_fails_by_name_and_the_others_are_loaded(
    name: str, duckdb_file: Target, source: Source, folder: Path
) -> None:
    content, said = BROKEN[name]
    put(folder, "good.csv", prices(JANUARY, "A"))
    put(folder, name, content)
    outcome = load(duckdb_file, source, folder)
    assert (outcome.exit_code, outcome.windows_loaded, outcome.windows_failed) == (2, 1, 1)
    assert name in outcome.errors[0]
    assert said in outcome.errors[0]
    assert {row[1] for row in rows(duckdb_file)} == {"A"}


def test_a_file_of_no_dataset_is_counted_and_left(source: Source, folder: Path) -> None:
    put(folder, "notes.txt", b"hello")
    found = recognise(source, find_files(str(folder)))
    assert [file.name for file in found.unknown] == ["notes.txt"]
    assert found.by_dataset == {}


def test_an_object_store_is_a_folder(duckdb_file: Target, source: Source) -> None:
    import fsspec

    store = fsspec.filesystem("memory")
    with store.open("/bucket/2024/a.csv", "wb") as file:
        file.write(prices(JANUARY, "A"))
    assert load(duckdb_file, source, "memory://bucket").rows_loaded == 6
    assert {row[4] for row in rows(duckdb_file)} == {"2024/a.csv"}


def test_nothing_at_the_place_is_a_mistake(folder: Path) -> None:
    with pytest.raises(DeclarationError, match="no file at"):
        find_files(str(folder / "missing"))
