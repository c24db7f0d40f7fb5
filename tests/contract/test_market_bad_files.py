"""Bad files among good ones of a market: each is named, with its line where it has one; the good ones are loaded."""

from __future__ import annotations

import io
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loaders import files
from loaders.cli import app
from loaders.errors import SourceUnavailable
from loaders.files import find_files
from tests.sandbox.markets import WRITERS
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
