"""Files of one market that meet inside of a day, or hold a part of its prices each: none takes another's rows away.

PJM's and CAISO's spans are whatever the user asked for, in UTC or with the end included; CAISO packs a file for each
component; SPP's generation mix begins 365 days before it was asked for, at any time of the day.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from loaders.catalogue import read_catalogue
from loaders.convert import convert
from loaders.files import SourceFile, find_files
from loaders.recognise import recognise
from tests.loads import run_files
from tests.sandbox.markets import WRITERS
from tests.warehouses import Target

CATALOGUE = read_catalogue()
DAY = date(2024, 7, 4)
Lines = list[bytes]


def overlapping(rows: Lines) -> list[Lines]:
    """Two spans that share their border, which is how PJM takes the end of one."""
    half = len(rows) // 2
    return [rows[: half + 1], rows[half:]]


def by_component(rows: Lines) -> list[Lines]:
    kinds = sorted({row.split(b",")[9] for row in rows})  # LMP_TYPE
    return [[row for row in rows if row.split(b",")[9] == kind] for kind in kinds]


CASES = {
    ("pjm", "da_hrl_lmps"): overlapping,
    ("pjm", "inst_load"): overlapping,
    ("pjm", "gen_by_fuel"): overlapping,
    ("caiso", "prc_lmp"): by_component,
    ("caiso", "prc_intvl_lmp"): by_component,
    ("caiso", "prc_as"): overlapping,
    ("spp", "gen_mix"): overlapping,
    ("spp", "hourly_load"): overlapping,
}


def silently(file: SourceFile, rows: int) -> None:
    """Nobody listens."""


@pytest.mark.parametrize(("which", "cut"), CASES.items(), ids=[".".join(which) for which in CASES])
def test_what_two_files_hold_of_a_day_is_all_there(
    which: tuple[str, str], cut: Callable[[Lines], list[Lines]], duckdb_file: Target, tmp_path: Path
) -> None:
    source, dataset = CATALOGUE.source(which[0]), CATALOGUE.source(which[0]).dataset(which[1])
    whole = WRITERS[source.name][dataset.name](DAY)[0]
    header, *rows = whole.content.splitlines(keepends=True)
    pieces = cut(rows)
    assert len(pieces) > 1
    files = tmp_path / "files"
    files.mkdir()
    for number, piece in enumerate(pieces):
        path = files / f"{number} {whole.name}"
        path.write_bytes(b"".join([header, *piece]))
        os.utime(path, (1_000_000 - number, 1_000_000 - number))  # the later span was fetched first
    outcome = run_files(duckdb_file, source, files, DAY.year, [dataset.name])
    assert (outcome.errors, outcome.windows_loaded) == ([], len(pieces))
    assert duckdb_file.count(dataset.table) == len(whole.truth)
    converted = convert(
        source, [dataset], recognise(source, find_files(str(files))), [DAY.year], tmp_path / "lake", silently
    )
    assert converted.errors == []
    assert [pq.read_metadata(one.path).num_rows for one in converted.written] == [len(whole.truth)]
