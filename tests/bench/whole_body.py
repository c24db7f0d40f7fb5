"""`python -m tests.bench.whole_body URL FIRST DAYS`: a request for the span, decoded whole, through a data frame."""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import requests


def main(url: str, first: str, days: int) -> None:
    last = date.fromisoformat(first) + timedelta(days=days - 1)
    params = {"from": first, "settlementPeriodFrom": "1", "to": last.isoformat(), "settlementPeriodTo": "50"}
    began = time.monotonic()
    records = requests.get(f"{url}/datasets/PN/stream", params=params, timeout=600).json()
    frame = pd.DataFrame(records)
    for column in ("timeFrom", "timeTo"):
        frame[column] = pd.to_datetime(frame[column])
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(Path(folder) / "pattern.duckdb") as connection:
        connection.execute("CREATE TABLE pn AS SELECT * FROM frame")
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{len(frame):,} rows, one frame in {seconds:.1f} s (all of it); peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
