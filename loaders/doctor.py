"""What a load would work with here: memory and the sizes that follow from it, the warehouse, versions, disk."""

import platform
import shutil
import tempfile
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from loaders import delimited, identity, parts, readers
from loaders.budget import settle
from loaders.catalogue import Catalogue
from loaders.destination import Warehouse, open_session, open_warehouse
from loaders.errors import LoaderError
from loaders.memory import duckdb_settings

CORE = ("dlt", "duckdb", "pyarrow", "pydantic")
EXTRAS = {  # the package that tells whether an extra of pyproject.toml is installed
    "postgres": "adbc-driver-postgresql",
    "bigquery": "google-cloud-bigquery",
    "dbt": "dbt-core",
    "prefect": "prefect",
}


class Finding(NamedTuple):
    """One thing looked at, and what it was found to be."""

    subject: str
    found: str
    is_wrong: bool = False


def examine(catalogue: Catalogue, warehouse: str | None, memory_limit: str | None) -> list[Finding]:
    """Everything that a load depends on here. What is wrong is a finding, never an error; nothing is written."""
    found: list[Finding] = []
    try:
        target = open_warehouse(warehouse)
    except LoaderError as error:
        found.append(Finding("warehouse", str(error), is_wrong=True))
    else:
        found += _memory(target, memory_limit, _widest(catalogue))
        found += [_reached(target), *_staging(target)]
    return [*found, _disk(), Finding("python", platform.python_version()), *_versions()]


def _widest(catalogue: Catalogue) -> int:
    """Columns of the widest table."""
    return max(len(dataset.fields) for source in catalogue.sources.values() for dataset in source.datasets.values())


def _memory(target: Warehouse, asked: str | None, columns: int) -> Iterator[Finding]:
    try:
        budget = settle(target.peaks, asked)
    except LoaderError as error:
        yield Finding("memory", str(error), is_wrong=True)
        return
    if budget.limit_mb is None:
        yield Finding("memory", "no limit, neither asked for nor of a container; sizes are those that need no more")
    else:
        share = "in full" if budget.at_start == 1 else f"divided by {budget.at_start}"
        yield Finding("memory", f"{budget.limit_mb:,.0f} MB, set by {budget.set_by}; sizes {share}")
    numbered = budget.of(identity.BATCH_ROWS)
    yield Finding("  batch", f"{parts.batch_rows(columns):,} rows of {columns} columns; {numbered:,} to number them")
    blocks = budget.of(delimited.BLOCK_BYTES) >> 10, budget.of(readers.BLOCK_BYTES) >> 10
    yield Finding("  block", f"{blocks[0]:,} KiB of delimited text, {blocks[1]:,} KiB of JSON")
    yield Finding("  part", f"{target.part_rows(columns):,} rows of {columns} columns")
    yield Finding("  commit", f"from {budget.of(target.commit_rows):,} rows on")
    if target.name == "duckdb":
        yield Finding("  DuckDB", f"{duckdb_settings(columns)['memory_limit']} for {columns} columns, one thread")


def _reached(target: Warehouse) -> Finding:
    if target.is_new:
        return Finding("warehouse", f"{target}: not there yet; the first load creates it")
    try:
        with open_session(target) as session:
            [(said,)] = session.query(f"SELECT {target.version_sql}")
    except LoaderError as error:
        return Finding("warehouse", f"{target}: {str(error).removeprefix(f'{target}: ')}", is_wrong=True)
    return Finding("warehouse", f"{target}: {said}")


def _staging(target: Warehouse) -> Iterator[Finding]:
    try:
        if found := target.check_staging():
            yield Finding("  staging", found)
    except LoaderError as error:
        yield Finding("  staging", str(error), is_wrong=True)


def _disk() -> Finding:
    folder = tempfile.gettempdir()
    return Finding("temporary folder", f"{shutil.disk_usage(folder).free / 1e9:,.1f} GB free in {folder}")


def _versions() -> Iterator[Finding]:
    for package in CORE:
        yield Finding(package, version(package))
    for extra, package in EXTRAS.items():
        try:
            yield Finding(f"[{extra}]", f"{package} {version(package)}")
        except PackageNotFoundError:
            yield Finding(f"[{extra}]", f"not installed; pip install 'millrace[{extra}]' where it is needed")


def show_findings(console: Console, findings: list[Finding]) -> None:
    """A line each; what is wrong in red."""
    table = Table.grid(padding=(0, 2))
    for one in findings:
        table.add_row(escape(one.subject), escape(one.found), style="red" if one.is_wrong else None)
    console.print(table)
