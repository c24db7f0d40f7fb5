"""The only place that knows which warehouse it is: how to reach it, lock it, and write a literal in its SQL.

MILLRACE_WAREHOUSE names it: `duckdb` (the default), `postgres` or `bigquery`. Each reads its own settings, which
stand at the top of its module.
"""

import os

from loaders.destination.bigquery import BigQuery
from loaders.destination.duckdb import DuckDB
from loaders.destination.postgres import Postgres
from loaders.destination.session import Session, open_session
from loaders.destination.warehouse import RAW, Warehouse
from loaders.errors import DeclarationError

__all__ = [
    "RAW",
    "BigQuery",
    "DuckDB",
    "Postgres",
    "Session",
    "Warehouse",
    "open_session",
    "open_warehouse",
]


def open_warehouse(name: str | None = None, sample: bool = False) -> Warehouse:
    """The warehouse of that name, or of MILLRACE_WAREHOUSE, as the environment describes it.

    Generated data (`sample`) have a default file of their own, so that they are never taken for real ones.
    Raises `DeclarationError` for a name that is none, and for a setting that is missing.
    """
    name = name or os.environ.get("MILLRACE_WAREHOUSE", "duckdb")
    if name == "duckdb":
        return DuckDB.of_environment(sample)
    if name == "postgres":
        return Postgres.of_environment()
    if name == "bigquery":
        return BigQuery.of_environment()
    raise DeclarationError(
        f"no warehouse {name!r}; write duckdb, postgres or bigquery in MILLRACE_WAREHOUSE or --warehouse"
    )
