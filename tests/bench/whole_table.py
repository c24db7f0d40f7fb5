"""`python -m tests.bench.whole_table frame|rows TABLE [ROWS]`: the usual ways to read a table of BigQuery."""

from __future__ import annotations

import sys
import time

from loaders.memory import peak_mb
from loaders.sources.bigquery.access import Access


def main(way: str, table: str, most: int | None = None) -> None:
    access = Access.of_environment()
    began = time.monotonic()
    if way == "frame":
        rows = len(access.rest.list_rows(table).to_dataframe(bqstorage_client=_reader(access)))
    else:
        rows = sum(1 for _ in access.rest.list_rows(table, max_results=most, page_size=20_000))
    print(f"{rows:,} rows, {way} in {time.monotonic() - began:.1f} s (all of it); peak memory {peak_mb():,.0f} MB")


def _reader(access: Access) -> object:
    """The client that the libraries of data frames take, over the same channel."""
    from google.cloud.bigquery_storage_v1 import BigQueryReadClient

    return BigQueryReadClient(transport=access.storage.transport)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else None)
