"""The way that a lake is usually made, as a program: chunks of files read into frames, kept in a list, put together.

It makes the columns that `millrace convert` makes, without looking whether they are right. Files are taken in groups
of `GROUP`. A group's frames become one, the groups' frames become one, which is made unique, sorted and written; then
the file is read again to count its rows. Prints rows, seconds and peak memory in MB.
"""

from __future__ import annotations

import sys
import time
import zipfile
from pathlib import Path

import pandas as pd

from loaders.memory import peak_mb

GROUP = 10
CHUNK_ROWS = 10_000


def read(archive: zipfile.ZipFile, name: str) -> pd.DataFrame:
    with archive.open(name) as file:
        chunks = [clean(chunk, name) for chunk in pd.read_csv(file, chunksize=CHUNK_ROWS)]
    return pd.concat(chunks, ignore_index=True)


def clean(chunk: pd.DataFrame, name: str) -> pd.DataFrame:
    ends = pd.to_datetime(chunk["GMTIntervalEnd"], format="%m/%d/%Y %H:%M:%S", utc=True)
    starts = ends - pd.Timedelta(hours=1)
    local = starts.dt.tz_convert("America/Chicago")
    return pd.DataFrame(
        {
            "market": "da_hourly",
            "run": "final",
            "location_id": chunk["Settlement Location"],
            "pnode": chunk["Pnode"],
            "interval_start_at": starts,
            "interval_end_at": ends,
            "interval_minutes": 60,
            "delivery_date": local.dt.date,
            "hour_label": chunk["Interval"],
            "lmp": chunk["LMP"].astype(float),
            "energy": chunk["MEC"].astype(float),
            "congestion": chunk["MCC"].astype(float),
            "loss": chunk["MLC"].astype(float),
            "source_file": name,
        }
    )


def main(source: str, target: str) -> None:
    began = time.monotonic()
    with zipfile.ZipFile(source) as archive:
        names = sorted(archive.namelist())
        groups = []
        for start in range(0, len(names), GROUP):
            frames = [read(archive, name) for name in names[start : start + GROUP]]
            groups.append(pd.concat(frames, ignore_index=True))
    year = pd.concat(groups, ignore_index=True)
    year = year.drop_duplicates(subset=["location_id", "interval_start_at"]).sort_values("interval_start_at")
    year.to_parquet(target, index=False, compression="snappy")
    rows = len(pd.read_parquet(target))
    print(f"{rows:,} rows in {time.monotonic() - began:.1f} s; peak memory {peak_mb():,.0f} MB")


if __name__ == "__main__":
    main(sys.argv[1], str(Path(sys.argv[2])))
