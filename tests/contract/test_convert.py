"""The lake: a parquet file per dataset and year, whole or not there, with the rows of the files that stand."""

from __future__ import annotations

import io
import os
import zipfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loaders.catalogue import read_catalogue
from loaders.convert import Converted, Told, convert
from loaders.files import SourceFile, find_files
from loaders.recognise import recognise
from tests.sandbox.markets import WRITERS, File

CATALOGUE = read_catalogue()
SPP = CATALOGUE.source("spp")
DAYS = [date(2023, 12, 31), date(2024, 1, 1), date(2024, 3, 10)]
TABLE = "spp/da_lmp_60min_2024.parquet"


def silently(file: SourceFile, rows: int) -> None:
    """Nobody listens."""


def put(folder: Path, file: File, age: int = 0) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / file.name
    path.write_bytes(file.content)
    at = (datetime(2025, 1, 1, tzinfo=UTC) - timedelta(days=age)).timestamp()
    os.utime(path, (at, at))


def run(
    folder: Path, out: Path, source: str = "spp", years: tuple[int, ...] = (2024,), told: Told = silently
) -> Converted:
    declared = CATALOGUE.source(source)
    return convert(
        declared, list(declared.datasets.values()), recognise(declared, find_files(str(folder))), years, out, told
    )


def stored(path: Path) -> list[tuple[object, ...]]:
    table = pq.read_table(path)
    columns = (table.column(name).to_pylist() for name in ("location_id", "interval_start_at", "lmp_usd_per_mwh"))
    return sorted(zip(*columns, strict=True))


def told(*files: File) -> list[tuple[object, ...]]:
    return sorted((identity[0], at, value) for file in files for identity, at, value in file.truth)


@pytest.fixture
def days(tmp_path: Path) -> list[File]:
    files = [WRITERS["spp"]["da_lmp"](day)[0] for day in DAYS]
    for file in files:
        put(tmp_path / "files", file, age=5)
    return files


def test_a_year_of_which_no_file_has_a_row_ends_with_1(tmp_path: Path, days: list[File]) -> None:
    outcome = run(tmp_path / "files", tmp_path / "lake", years=(1999,))
    assert (outcome.exit_code, outcome.written, outcome.errors) == (1, [], [])


def test_a_year_is_one_file_and_tells_what_it_is_made_of(tmp_path: Path, days: list[File]) -> None:
    put(tmp_path / "files", File("notes.txt", b"hello", []))
    outcome = run(tmp_path / "files", tmp_path / "lake")
    assert (outcome.exit_code, outcome.files_read, outcome.rows_outside) == (0, 3, 24 * 3)
    [one] = outcome.written
    assert (one.path, one.rows, one.first, one.last) == (tmp_path / "lake" / TABLE, 47 * 3, DAYS[1], DAYS[2])
    assert stored(one.path) == told(*days[1:])
    assert days[2].name.encode() in pq.read_metadata(one.path).metadata[b"millrace"]
    assert [path.name for path in (tmp_path / "lake" / "spp").iterdir()] == ["da_lmp_60min_2024.parquet"]
    both = run(tmp_path / "files", tmp_path / "lake", years=(2023, 2024))
    assert [one.rows for one in both.written] == [24 * 3, 47 * 3]


def test_every_dataset_of_every_market_is_converted(tmp_path: Path) -> None:
    for source, writers in WRITERS.items():
        for writer in writers.values():
            for file in writer(date(2024, 7, 4))[:2]:
                put(tmp_path / source, file)
        outcome = run(tmp_path / source, tmp_path / "lake", source)
        assert outcome.errors == []
        assert len(outcome.written) == len(writers), source


def test_what_changed_last_stands(tmp_path: Path, days: list[File]) -> None:
    raised = days[1].content.decode().replace(",YAD,VACS,", ",YAD,CORRECTED,")
    kept = [line for line in raised.splitlines() if "YAD" in line or "LMP" in line]
    put(tmp_path / "files", days[1]._replace(name="corrected DA-LMP-SL.csv", content="\n".join(kept).encode()))
    put(tmp_path / "files", days[1]._replace(name="the same as DA-LMP-SL.csv"), age=9)
    outcome = run(tmp_path / "files", tmp_path / "lake")
    table = pq.read_table(tmp_path / "lake" / TABLE)
    assert outcome.exit_code == 0
    assert stored(tmp_path / "lake" / TABLE) == told(*days[1:])
    found = {(row["location_id"], row["pnode"]) for row in table.to_pylist() if row["delivery_date"] == DAYS[1]}
    assert ("YAD", "CORRECTED") in found
    assert ("YAD", "VACS") not in found


def test_a_file_that_fails_leaves_no_row_and_never_replaces_a_good_year(tmp_path: Path, days: list[File]) -> None:
    lines = days[2].content.splitlines(keepends=True)
    cut = days[2]._replace(content=b"".join(lines[:-1]))
    put(tmp_path / "files", cut, age=5)
    outcome = run(tmp_path / "files", tmp_path / "lake")
    assert (outcome.exit_code, len(outcome.written), len(outcome.errors)) == (2, 1, 1)
    assert f"SourceChanged: spp.da_lmp {cut.name}: {cut.name}: the instant" in outcome.errors[0]
    assert stored(tmp_path / "lake" / TABLE) == told(days[1])

    put(tmp_path / "files", days[2])
    assert run(tmp_path / "files", tmp_path / "lake").exit_code == 0
    good = (tmp_path / "lake" / TABLE).read_bytes()
    put(tmp_path / "files", cut)
    again = run(tmp_path / "files", tmp_path / "lake")
    assert (again.exit_code, again.written, again.kept) == (2, [], [tmp_path / "lake" / TABLE])
    assert (tmp_path / "lake" / TABLE).read_bytes() == good


def test_a_file_that_fails_keeps_no_other_dataset_back_and_one_that_nobody_can_read_keeps_them_all(
    tmp_path: Path, days: list[File]
) -> None:
    [reserves] = WRITERS["spp"]["da_mcp"](DAYS[1])
    put(tmp_path / "files", reserves)
    run(tmp_path / "files", tmp_path / "lake")
    cut = days[2]._replace(content=days[2].content[:-40])
    put(tmp_path / "files", cut)
    outcome = run(tmp_path / "files", tmp_path / "lake")
    assert [path.name for path in outcome.kept] == ["da_lmp_60min_2024.parquet"]
    assert [one.path.name for one in outcome.written] == ["da_mcp_60min_2024.parquet"]
    put(tmp_path / "files", File("cut.zip", zipped("DA-MCP.csv", reserves.content)[:-40], []))
    assert len(run(tmp_path / "files", tmp_path / "lake").kept) == 2


def test_a_crash_leaves_the_old_file_and_the_next_run_cleans_up(tmp_path: Path, days: list[File]) -> None:
    run(tmp_path / "files", tmp_path / "lake")
    good = (tmp_path / "lake" / TABLE).read_bytes()
    left = tmp_path / "lake" / "spp" / ".converting-999999999"
    left.mkdir()

    def crash(file: SourceFile, rows: int) -> None:
        assert (tmp_path / "lake" / TABLE).read_bytes() == good
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "files", tmp_path / "lake", told=crash)
    assert (tmp_path / "lake" / TABLE).read_bytes() == good
    assert [path.name for path in (tmp_path / "lake" / "spp").iterdir()] == ["da_lmp_60min_2024.parquet"]


def test_a_key_that_comes_twice_in_one_file_is_named(tmp_path: Path) -> None:
    [file] = WRITERS["pjm"]["inst_load"](date(2024, 7, 4))
    lines = file.content.splitlines(keepends=True)
    put(tmp_path / "files", file._replace(content=b"".join([*lines, lines[5]])))
    outcome = run(tmp_path / "files", tmp_path / "lake", "pjm")
    assert (outcome.exit_code, outcome.written) == (1, [])
    assert (
        "inst_load_2024-07-04.csv: two rows have the key area AEP, interval_start_at 2024-07-05 03:35:00+00:00"
        in (outcome.errors[0])
    )


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


BAD = {
    "cut.zip": (lambda good: zipped("DA-LMP-SL.csv", good)[:-40], "cut.zip is cut or damaged"),
    "outside.zip": (lambda good: zipped("../DA-LMP-SL.csv", good), "a path outside of itself"),
    "bomb.zip": (lambda good: zipped("DA-LMP-SL.csv", good[:67] + b"0" * (101 << 20)), "refused as a bomb"),
    "DA-LMP-SL-column.csv": (lambda good: good.replace(b",MEC", b",MEX"), "without mec"),
    "DA-LMP-SL-more.csv": (lambda good: good.replace(b",MEC", b",MEC,New", 1), "line 1: unknown column 'New'"),
    "DA-LMP-SL-mixed.csv": (lambda good: good.replace(b"AECC_C", b"\xc4ECC_C", 1), "line 3: malformed: not UTF-8"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_named_and_the_others_are_converted(tmp_path: Path, days: list[File], name: str) -> None:
    make, said = BAD[name]
    put(tmp_path / "files", File(name, make(days[1].content), []))
    outcome = run(tmp_path / "files", tmp_path / "lake")
    assert outcome.exit_code == 2
    assert len(outcome.errors) == 1
    assert name in outcome.errors[0]
    assert said in outcome.errors[0]
    assert stored(tmp_path / "lake" / TABLE) == told(*days[1:])


def test_an_archives_damaged_member_is_named_and_those_after_it_are_converted(tmp_path: Path, days: list[File]) -> None:
    long = days[1].content + 20_000 * days[1].content.splitlines(keepends=True)[-1]  # its head alone looks whole
    path = tmp_path / "days.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for day, content in zip(days, (days[0].content, long, days[2].content), strict=True):
            archive.writestr(day.name, content)
    whole = bytearray(path.read_bytes())
    whole[whole.index(long) + len(long) - 3] ^= 1
    path.write_bytes(whole)

    outcome = run(path, tmp_path / "lake", years=(2023, 2024))
    assert (outcome.exit_code, len(outcome.written)) == (2, 2)
    [error] = outcome.errors
    assert f"days.zip/{days[1].name} is cut or damaged (Bad CRC-32" in error
    assert stored(tmp_path / "lake" / TABLE) == told(days[2])


def test_a_file_of_another_market_belongs_to_no_dataset(tmp_path: Path, days: list[File]) -> None:
    [other, _] = WRITERS["nyiso"]["damlbmp"](DAYS[1])
    put(tmp_path / "files", other)
    found = recognise(SPP, find_files(str(tmp_path / "files")))
    assert [file.name for file in found.unknown] == [other.name]
