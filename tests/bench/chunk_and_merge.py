"""`python -m tests.bench.chunk_and_merge FOLDER`: the pod summary as scripts make it, 50,000 rows at a time in frames.

Each chunk is grouped by day, namespace, node and merged labels, and the chunks' results are merged at the end. Labels
are merged once per distinct (day, node, namespace, text): without that cache it is five to ten times slower.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

CHUNK_ROWS = 50_000
ENABLED = {"app", "environment", "team", "vm_kubevirt_io_name"}
SUMMED = [f"pod_{what}_{of}_seconds" for of in ("cpu_core", "memory_byte") for what in ("usage", "request", "limit")]
GREATEST = ["resource_id", "node_capacity_cpu_cores", "node_capacity_memory_bytes"]
KEYS = ["source", "day", "namespace", "node", "labels"]


def labels_of(root: Path, thing: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """The labels of every node or namespace by source, day and name."""
    found = {}
    for path in sorted(root.glob(f"OCP/{thing}_labels/source=*/*/*/*.parquet")):
        frame = pq.read_table(path, columns=[thing, f"{thing}_labels"], partitioning=None).to_pandas()
        source, day = path.parts[-4].removeprefix("source="), path.name.split(".")[1]
        for name, text in frame.drop_duplicates().itertuples(index=False):
            found[source, day, name] = {key: value for key, value in json.loads(text).items() if key in ENABLED}
    return found


def main(root: Path) -> None:
    began = time.monotonic()
    nodes, namespaces = labels_of(root, "node"), labels_of(root, "namespace")
    merged: dict[tuple[str, str, str, str, str], str] = {}

    def label(source: str, day: str, node: str, namespace: str, text: str) -> str:
        key = (source, day, node, namespace, text)
        if key not in merged:
            own = {name: value for name, value in json.loads(text or "{}").items() if name in ENABLED}
            inherited = nodes.get((source, day, node), {}) | namespaces.get((source, day, namespace), {})
            merged[key] = json.dumps(inherited | own, sort_keys=True)
        return merged[key]

    rows, results = 0, []
    for path in sorted(root.glob("OCP/pod_usage/source=*/*/*/*.parquet")):
        source, day = path.parts[-4].removeprefix("source="), path.name.split(".")[1]
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(CHUNK_ROWS, columns=["namespace", "node", "pod_labels", *SUMMED, *GREATEST]):
                frame = batch.to_pandas()
                rows += len(frame)
                frame["source"], frame["day"] = source, day
                pairs = zip(frame["node"], frame["namespace"], frame["pod_labels"], strict=True)
                frame["labels"] = [label(source, day, *pair) for pair in pairs]
                totals = dict.fromkeys(SUMMED, "sum") | dict.fromkeys(GREATEST, "max")
                for of in ("cpu_core", "memory_byte"):
                    effective = f"pod_effective_usage_{of}_seconds"
                    frame[effective] = frame[[f"pod_usage_{of}_seconds", f"pod_request_{of}_seconds"]].max(axis=1)
                    totals[effective] = "sum"
                results.append(frame.groupby(KEYS, as_index=False, sort=False).agg(totals))
    summary = pd.concat(results).groupby(KEYS, as_index=False, sort=False).agg(totals)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{rows:,} rows, {len(summary):,} of the summary in {seconds:.1f} s (all of it); peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
