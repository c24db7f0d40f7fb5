"""`python -m tests.bench.in_memory FOLDER TABLE COLUMN...`: imputer and scaler over a table in memory, then compared.

FOLDER holds fit.json and out/, what the command has written of the same table.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import duckdb
import numpy as np
import pyarrow.dataset as ds
from sklearn.impute import SimpleImputer
from sklearn.preprocessing import StandardScaler

from loaders.memory import peak_mb


def main(folder: Path, table: str, columns: list[str]) -> None:
    learned = json.loads((folder / "fit.json").read_text())
    known = {one["column"]["path"][0]: one for one in learned["scaled"]}
    began = time.monotonic()
    with duckdb.connect(os.environ["MILLRACE_DUCKDB"], read_only=True) as connection:
        bucket = "('0x' || substr(md5('millrace|' || id), 1, 8))::BIGINT % 10000"
        frame = connection.execute(f"SELECT id, {bucket} < 8000 AS is_train, {', '.join(columns)} FROM {table}").df()
    raw = frame[columns].astype("float64").to_numpy()
    # Column by column, as the frame has them: row by row, scikit-learn's own sums are off by up to 3e-11.
    train = np.asfortranarray(raw[frame["is_train"].to_numpy()])
    imputer = SimpleImputer(strategy="median").fit(train)
    scaler = StandardScaler().fit(imputer.transform(train))
    transformed = scaler.transform(imputer.transform(raw))
    seconds, peak = time.monotonic() - began, peak_mb()
    rows = len(frame)

    worst = dict.fromkeys(columns, 0.0)
    seen = 0
    for batch in ds.dataset(folder / "out").to_batches(columns=["id", *columns]):
        ids = batch["id"].to_numpy()  # 0, 1, 2 ...: the row's place
        seen += len(ids)
        for place, column in enumerate(columns):
            difference = np.abs(batch[column].to_numpy() - transformed[ids, place])
            worst[column] = max(worst[column], float(difference.max(initial=0.0)))
    if seen != rows:
        raise SystemExit(f"{seen:,} rows were written of {rows:,}")
    compared = {
        column: {
            "median": known[column]["median"] - float(imputer.statistics_[place]),
            "mean": abs(known[column]["mean"] - float(scaler.mean_[place])) / float(scaler.scale_[place]),
            "scale": abs(known[column]["scale"] / float(scaler.scale_[place]) - 1),
            "transformed": worst[column],
        }
        for place, column in enumerate(columns)
    }
    (folder / "compared.json").write_text(json.dumps(compared))
    print(f"{rows:,} rows, in memory in {seconds:.1f} s (all of it); peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3:])
