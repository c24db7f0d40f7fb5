"""`python -m tests.bench.to_sql FILE ROWS URL`: a loop that appends frames of 3,000 rows."""

from __future__ import annotations

import sys

import pandas as pd
from sqlalchemy import create_engine

CHUNK_ROWS = 3_000  # as such loops have it


def main(file: str, rows: int, url: str) -> None:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg2://"))
    with pd.read_csv(file, nrows=rows, chunksize=CHUNK_ROWS, low_memory=False) as frames:
        for number, frame in enumerate(frames):
            frame.to_sql("to_sql", engine, if_exists="append" if number else "replace", index=False)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
