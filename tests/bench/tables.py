"""Read a table of 5 million rows and 13 columns from BigQuery's emulator: `python -m tests.bench.tables`.

Each way has a process of its own: the command, into zstd parquet; beside it, in the same run, the whole table as a
data frame, and rows page by page over REST.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from loaders.sources.bigquery.access import Access
from tests.bench.__main__ import ROOT, SAID
from tests.bigquery.emulator import Emulator
from tests.loads import command_environment

PROJECT = "bench"
TABLE = f"{PROJECT}.bench.observations"
PAGED_ROWS = 200_000  # of 20,000 a page: all of them would take minutes

# 6 doubles of which 4 have nulls, 2 integers, 2 texts, a boolean, a timestamp and a date.
COLUMNS = """n AS id, CONCAT('k', CAST(MOD(n * 7919, 1000003) AS STRING)) AS code,
SIN(n * 0.001) * 50 + MOD(n * 31, 1000) / 10 AS load_mw,
IF(MOD(n, 10) = 3, NULL, MOD(n * 17, 100000) / 7) AS price,
IF(MOD(n, 50) = 7, NULL, EXP(MOD(n * 13, 1000) / 100)) AS volume,
MOD(n * 3, 7) AS level, IF(MOD(n, 3) = 1, NULL, MOD(n * 11, 1000) / 1000) AS share,
MOD(n * 7, 2000000) / 3 AS meter,
IF(MOD(n, 20) = 5, NULL, ['gas', 'wind', 'solar', 'coal', 'hydro', 'nuclear', 'oil'][OFFSET(MOD(n * 5, 7))]) AS fuel,
MOD(n, 2) = 0 AS is_peak, TIMESTAMP_ADD(TIMESTAMP '2020-01-01', INTERVAL n SECOND) AS at,
DATE_ADD(DATE '2020-01-01', INTERVAL DIV(n, 10000) DAY) AS day, IF(MOD(n, 9) = 2, NULL, SIN(n) * 100) AS target"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder)) as emulator:
        settings = {
            "BIGQUERY_EMULATOR_HOST": emulator.host,
            "BIGQUERY_STORAGE_EMULATOR_HOST": emulator.grpc_host,
            "GOOGLE_CLOUD_PROJECT": PROJECT,
        }
        os.environ.update(settings)
        access = Access.of_environment()
        access.rest.create_dataset(f"{PROJECT}.bench")
        access.rest.query(
            f"CREATE TABLE `{TABLE}` AS SELECT {COLUMNS} FROM UNNEST(GENERATE_ARRAY(0, {rows - 1})) AS n"
        ).result()
        command = ["-m", "loaders.cli", "load", "--source", "bigquery", "--table", TABLE, "--into"]
        measured = [
            run("millrace, 1 stream, zstd parquet", [*command, f"{folder}/one"], settings),
            run("millrace, 4 streams, zstd parquet", [*command, f"{folder}/four", "--streams", "4"], settings),
            run("to_dataframe", ["-m", "tests.bench.whole_table", "frame", TABLE], settings),
            run("rows over REST", ["-m", "tests.bench.whole_table", "rows", TABLE, str(PAGED_ROWS)], settings),
        ]
        command = ["-m", "loaders.cli", "features"]
        fit = ["--fit", f"{folder}/fit.json", "--warehouse", "bigquery"]
        asked = ["--target", "target", "--index", "id", "--drop", "code"]
        features = [
            run("features fit", [*command, "fit", TABLE, *asked, *fit], settings),
            run("features transform", [*command, "transform", TABLE, *fit, "--out", f"{folder}/out"], settings),
        ]
    show(measured)
    for what, rows, seconds, peak in features:
        print(f"{what}: {rows:,} rows in {seconds:.1f} s, peak {peak:,.0f} MB")


def run(what: str, command: list[str], settings: dict[str, str]) -> tuple[str, int, float, float]:
    """Name, rows, seconds and peak megabytes of a process that says them."""
    environment = command_environment() | settings
    done = subprocess.run(
        [sys.executable, *command], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    said = SAID.search(done.stdout)
    if said is None:
        raise SystemExit(f"{what} failed:\n{done.stdout}\n{done.stderr}")
    rows, seconds, peak = (float(text.replace(",", "")) for text in said.groups())
    return what, int(rows), seconds, peak


def show(measured: list[tuple[str, int, float, float]]) -> None:
    """A row per way, and how much faster than REST and smaller than a frame the command is."""
    _, paged, paging_seconds, _ = measured[-1]
    frame_peak = measured[-2][3]
    table = Table(title="a table of 13 columns out of BigQuery (emulator)", title_justify="left")
    headings = ("what", "rows", "seconds", "rows/s", "times REST", "peak MB", "of a frame's memory")
    for heading in headings:
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, rows, seconds, peak in measured:
        rate = rows / seconds
        times = rate / (paged / paging_seconds)
        cells = (
            f"{rows:,}",
            f"{seconds:.1f}",
            f"{rate:,.0f}",
            f"{times:.0f}",
            f"{peak:,.0f}",
            f"1/{frame_peak / peak:.1f}",
        )
        table.add_row(what, *cells)
    Console(width=140).print(table)


if __name__ == "__main__":
    main()
