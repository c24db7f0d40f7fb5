"""Features of 5 million rows beside scikit-learn's: `python -m tests.bench.features`.

The command fits and transforms a table of DuckDB; scikit-learn does the same with the table in memory, in a process
of its own, and compares number by number.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

import duckdb
from rich.console import Console
from rich.table import Table

from tests.bench.tables import run

TABLE = "marts.observations"
NUMBERS = ("load_mw", "price", "volume", "meter", "share", "level")

COLUMNS = """i AS id, sin(i * 0.001) * 50 + hash(i) % 1000 / 10 AS load_mw,
CASE WHEN hash(i + 1) % 10 > 0 THEN (hash(i + 2) % 100000) / 7 END AS price,
CASE WHEN hash(i + 3) % 50 > 0 THEN exp((hash(i + 4) % 1000) / 100) END AS volume,
hash(i + 6) % 2000000 / 3 AS meter, CASE WHEN hash(i + 7) % 3 > 0 THEN (hash(i + 8) % 1000) / 1000 END AS share,
CAST(hash(i + 5) % 7 AS BIGINT) AS level,
CASE WHEN hash(i + 9) % 20 > 0 THEN chr(CAST(97 + hash(i + 10) % 5 AS INT)) END AS fuel,
TIMESTAMPTZ '2020-01-01 00:00:00+00' + INTERVAL 1 SECOND * i AS at, sin(i) * 100 AS target"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=5_000_000)
    rows = parser.parse_args().rows
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        settings = {"MILLRACE_WAREHOUSE": "duckdb", "MILLRACE_DUCKDB": str(folder / "bench.duckdb")}
        with duckdb.connect(settings["MILLRACE_DUCKDB"]) as connection:
            connection.execute("CREATE SCHEMA marts")
            connection.execute(f"CREATE TABLE {TABLE} AS SELECT {COLUMNS} FROM range({rows}) AS r (i)")
        command = ["-m", "loaders.cli", "features"]
        fit = ["--fit", str(folder / "fit.json")]
        asked = ["--target", "target", "--index", "id"]
        measured = [
            run("millrace features fit", [*command, "fit", TABLE, *asked, *fit], settings),
            run("millrace features transform", [*command, "transform", TABLE, *fit, "--out", f"{place}/out"], settings),
            run("scikit-learn, the same in memory", ["-m", "tests.bench.in_memory", place, TABLE, *NUMBERS], settings),
        ]
        show(measured, json.loads((folder / "compared.json").read_text()))


def show(measured: list[tuple[str, int, float, float]], compared: dict[str, dict[str, float]]) -> None:
    """A row per process, and the greatest differences for each column."""
    table = Table(title="features of a table of 10 columns (DuckDB)", title_justify="left")
    for heading in ("what", "rows", "seconds", "peak MB"):
        table.add_column(heading, justify="left" if heading == "what" else "right")
    for what, rows, seconds, peak in measured:
        table.add_row(what, f"{rows:,}", f"{seconds:.1f}", f"{peak:,.0f}")
    console = Console(width=120)
    console.print(table)
    differences = Table(title="difference from scikit-learn", title_justify="left")
    for heading in ("column", "median", "mean (of the scale)", "scale (relative)", "transformed, all rows"):
        differences.add_column(heading, justify="left" if heading == "column" else "right")
    for column, found in compared.items():
        cells = (f"{found[what]:.1e}" for what in ("median", "mean", "scale", "transformed"))
        differences.add_row(column, *cells)
    console.print(differences)


if __name__ == "__main__":
    main()
