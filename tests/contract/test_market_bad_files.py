"""Bad files among good ones of a market: each is named, with its line where it has one; the good ones are loaded."""

from __future__ import annotations

import gzip
import io
import os
import tarfile
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from loaders import files
from loaders.catalogue import read_catalogue
from loaders.cli import app
from loaders.errors import SourceUnavailable
from loaders.files import find_files
from tests.loads import run_files
from tests.sandbox.markets import WRITERS, File
from tests.warehouses import Target

DAYS = [date(2024, 7, day) for day in range(1, 12)]
GOOD = {day: WRITERS["isone"]["da_lmp"](day)[0] for day in DAYS}


def zipped(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return buffer.getvalue()


def content(day: int) -> bytes:
    return GOOD[DAYS[day]].content


def bad_files() -> dict[str, tuple[bytes, str]]:
    """By name: the file, and what is said of it. Each stands for a day of its own, so that a row of one would show."""
    lines = content(6).splitlines(keepends=True)
    return {
        "cut.zip": (zipped("a.csv", content(1))[:-40], "cut.zip is cut or damaged"),
        "outside.zip": (zipped("../a.csv", content(2)), "outside.zip holds '../a.csv', a path outside of itself"),
        "bomb.zip": (zipped("a.csv", content(3) + b"0" * (101 << 20)), "bomb.zip: "),
        "mixed.csv": (content(4).replace(b"MAINE", b"MA\xcfNE", 1), "mixed.csv, line 8: malformed: not UTF-8"),
        "column.csv": (
            content(5).replace(b'"Energy Component"', b'"Energy Component","New"', 1),
            "column.csv, line 5: unknown column 'New'",
        ),
        "footless.csv": (b"".join(lines[:-1]), "footless.csv, line 78: the file ends after 72 rows without the footer"),
        "short.csv": (content(7).replace(b'"D","07/08/2024","01",', b'"D","07/08/2024",', 1), "short.csv, line 7: "),
        "other.csv": (
            WRITERS["spp"]["da_mcp"](DAYS[8])[0].content,
            "DA-MCP-other.csv is a file of spp.da_mcp: load it with --source spp",
        ),
        "cut.csv.gz": (b"\x1f\x8b\x08\x00", "cut.csv.gz: the gzip file is cut"),
        "returns.csv": (
            content(9).replace(b"\r\n", b"\n").replace(b"\n", b"\r"),
            "returns.csv, line 1: no delimited text (new-line character seen in unquoted field",
        ),
        "deep.json": (
            b'{"HourlySystemLoads": ' + b"[" * 200_000,
            "deep.json, line 1: not JSON, or cut: maximum recursion",
        ),
        "nothing.json": (
            b'{"HourlySystemLoads": {"HourlySystemLoad": [null]}}',
            "nothing.json: HourlySystemLoads.HourlySystemLoad holds 'None', which is no record",
        ),
    }


def test_each_bad_file_is_named_with_its_line_and_the_others_are_loaded(duckdb_file: Target, tmp_path: Path) -> None:
    bad = bad_files()
    for name, (written, _) in bad.items():
        (tmp_path / ("DA-MCP-other.csv" if name == "other.csv" else name)).write_bytes(written)
    (tmp_path / "good.csv").write_bytes(content(0))
    (tmp_path / "the same again.csv").write_bytes(content(0))
    (tmp_path / "notes.txt").write_text("nothing to do with it")
    command = ["load", "2024", "--source", "isone", "--files", str(tmp_path)]
    done = CliRunner().invoke(app, command, env=duckdb_file.settings)
    said = " ".join(done.output.split())
    assert done.exit_code == 2, done.output
    assert {name: told in said for name, (_, told) in bad.items()} == dict.fromkeys(bad, True), done.output
    assert f"1 windows loaded, 1 done before, {len(bad)} failed" in said
    days = duckdb_file.query("SELECT delivery_date, count(*) FROM raw.isone__da_lmp GROUP BY 1")
    assert days == [(DAYS[0], 24 * 3)]


def test_a_member_that_says_that_it_is_too_large_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "LARGEST_MEMBER_BYTES", 9)
    (tmp_path / "large.zip").write_bytes(zipped("a.csv", b"0123456789"))
    (tmp_path / "small.zip").write_bytes(zipped("a.csv", b"012345678"))
    with tarfile.open(tmp_path / "large.tar", "w") as archive:
        about = tarfile.TarInfo("a.csv")
        about.size = 10
        archive.addfile(about, io.BytesIO(b"0123456789"))
    found = {file.name: file.problem for file in find_files(str(tmp_path))}
    assert found.pop("small.zip/a.csv") is None
    assert {name: str(problem) for name, problem in found.items()} == {
        name: f"{name}: a.csv says that it has 10 bytes: refused as a bomb" for name in ("large.zip", "large.tar")
    }
    assert {type(problem) for problem in found.values()} == {SourceUnavailable}


SPP = [WRITERS["spp"]["da_lmp"](day)[0] for day in DAYS]
NOBODY = 65_534  # a user without rights: root may read whatever it likes


def load_spp(target: Target, folder: Path) -> tuple[int, str]:
    command = ["load", "2024", "--source", "spp", "--files", str(folder)]
    done = CliRunner().invoke(app, command, env=target.settings)
    return done.exit_code, " ".join(done.output.split())


def days_of_spp(target: Target) -> list[tuple[object, ...]]:
    return target.query("SELECT delivery_date, count(*) FROM raw.spp__da_lmp GROUP BY 1 ORDER BY 1")


def renamed(file: File, name: str) -> File:
    return file._replace(name=name)


def test_whatever_a_file_is_called_it_is_loaded_from_its_own_place(duckdb_file: Target, tmp_path: Path) -> None:
    long = f"DA-LMP-SL-{'n' * 300}.csv"  # longer than any file system takes, which no archive minds
    (tmp_path / "long.zip").write_bytes(zipped(long, SPP[0].content))
    (tmp_path / "of").mkdir()
    (tmp_path / "of" / "DA-LMP-SL.csv").write_bytes(SPP[1].content)
    (tmp_path / "of-DA-LMP-SL.csv").write_bytes(SPP[2].content)
    exit_code, said = load_spp(duckdb_file, tmp_path)
    assert exit_code == 0, said
    assert days_of_spp(duckdb_file) == [(day, 24 * 3) for day in DAYS[:3]]


def test_a_file_that_would_be_missed_is_named_and_the_others_are_loaded(duckdb_file: Target, tmp_path: Path) -> None:
    text, name = SPP[1].content, SPP[1].name
    lines = text.splitlines(keepends=True)
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(name, text)
        archive.writestr(name, SPP[2].content)
    bad = {
        "header DA-LMP-SL.csv": (lines[0], "header DA-LMP-SL.csv: the answer has no rows"),
        "empty DA-LMP-SL.csv": (b"", "empty DA-LMP-SL.csv is called as a file of spp.da_lmp, but is empty"),
        "wide DA-LMP-SL.csv": (text.decode().encode("utf-16"), "wide DA-LMP-SL.csv is called as a file of spp.da_lmp"),
        "DA-LMP-SL.csv.gz": (gzip.compress(gzip.compress(text)), "DA-LMP-SL.csv.gz is called as a file of spp.da_lmp"),
        "twice.zip": (twice.getvalue(), f"twice.zip holds {name} twice"),
        "outer.zip": (
            zipped("inner.zip", zipped(name, text)),
            "outer.zip/inner.zip is an archive inside of an archive",
        ),
    }
    for called, (content, _) in bad.items():
        (tmp_path / called).write_bytes(content)
    (tmp_path / "round").symlink_to(tmp_path)
    (tmp_path / "self.csv").symlink_to(tmp_path / "self.csv")
    (tmp_path / SPP[0].name).write_bytes(SPP[0].content)
    (tmp_path / "empty.txt").touch()
    exit_code, said = load_spp(duckdb_file, tmp_path)
    assert exit_code == 2, said
    told = [what for _, what in bad.values()]
    told += ["round is a link to a folder", "self.csv is no file but"]
    assert [what for what in told if what not in said] == [], said
    assert f"1 windows loaded, 0 done before, {len(told)} failed" in said
    assert days_of_spp(duckdb_file) == [(DAYS[0], 24 * 3)]


def test_a_file_that_tells_a_price_twice_is_refused_and_the_others_are_there(
    duckdb_file: Target, tmp_path: Path
) -> None:
    header, *lines = SPP[1].content.splitlines(keepends=True)
    files = tmp_path / "files"
    files.mkdir()
    (files / SPP[0].name).write_bytes(SPP[0].content)
    (files / SPP[1].name).write_bytes(b"".join([header, *lines, *lines]))  # each hour and each place has as many
    told = f"SourceChanged: spp.da_lmp {SPP[1].name}: two rows have the key location_id "
    exit_code, said = load_spp(duckdb_file, files)
    assert exit_code == 2
    assert told in said
    assert days_of_spp(duckdb_file) == [(DAYS[0], 24 * 3)]
    command = ["convert", "2024", "--source", "spp", "--files", str(files), "--out", str(tmp_path / "lake")]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 2, done.output
    assert told in " ".join(done.output.split())
    assert pq.read_metadata(tmp_path / "lake" / "spp" / "da_lmp_60min_2024.parquet").num_rows == 24 * 3


def test_the_markets_evening_belongs_to_its_own_year(duckdb_file: Target, tmp_path: Path) -> None:
    evening = WRITERS["ercot"]["rt_spp"](date(2023, 12, 31))[-1]  # 05:45 UTC of the next day
    (tmp_path / evening.name).write_bytes(evening.content)
    ercot = read_catalogue().source("ercot")
    next_year = run_files(duckdb_file, ercot, tmp_path, 2024, ["rt_spp"])
    assert (next_year.windows_loaded, next_year.windows_outside) == (0, 1)
    year = run_files(duckdb_file, ercot, tmp_path, 2023, ["rt_spp"])
    assert (year.rows_loaded, year.windows_outside) == (len(evening.truth), 0)


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.csv")
    [pipe] = find_files(str(tmp_path))
    assert str(pipe.problem).startswith("pipe.csv is no file but a pipe")


@contextmanager
def closed_folder() -> Iterator[Path]:
    """A folder in which one may not be looked into, also by root, who is somebody else for so long."""
    with tempfile.TemporaryDirectory() as place:  # below /tmp, where others may go
        folder, mine = Path(place), os.geteuid()
        (folder / "closed").mkdir()
        (folder / "closed" / SPP[1].name).write_bytes(SPP[1].content)
        (folder / SPP[0].name).write_bytes(SPP[0].content)
        folder.chmod(0o755)
        (folder / "closed").chmod(0o000)
        try:
            if mine == 0:
                os.seteuid(NOBODY)
            yield folder
        finally:
            os.seteuid(mine)
            (folder / "closed").chmod(0o700)


def test_a_folder_that_may_not_be_looked_into_is_not_passed_over() -> None:
    with closed_folder() as folder:
        found = {file.name: file.problem for file in find_files(str(folder))}
    assert found.pop(SPP[0].name) is None
    assert {name: type(problem) for name, problem in found.items()} == {"closed": SourceUnavailable}
    assert str(found["closed"]).startswith("closed cannot be looked into (Permission denied)")
