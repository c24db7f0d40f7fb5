"""`python -m tests.bench.chunk_and_merge FOLDER`: the pod summary as scripts make it, 50,000 rows at a time in frames.

Each chunk is grouped by day, namespace, node and merged labels, and the chunks' results are merged at the end. Labels
are merged once per distinct (day, node, namespace, text): without that cache it is five to ten times slower. The rows
are those of the mart `fct_pod_usage_daily`, which a test holds them to.
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
LARGEST_NUMBER = 1e18  # beyond it, or without being a number, a row is left out
RESOURCES = ("cpu_core", "memory_byte")
SUMMED = [f"pod_{what}_{of}_seconds" for of in RESOURCES for what in ("usage", "request", "limit")]
EFFECTIVE = [f"pod_effective_usage_{of}_seconds" for of in RESOURCES]
SIZES = ["node_capacity_cpu_cores", "node_capacity_memory_bytes"]
CAPACITIES = ["node_capacity_cpu_core_seconds", "node_capacity_memory_byte_seconds"]
TEXTS = ["namespace", "node", "pod_labels", "resource_id"]
KEYS = ["source", "day", "namespace", "node", "labels"]
NODE = ["source", "day", "node"]
TOTALS = dict.fromkeys([*SUMMED, *EFFECTIVE], "sum") | dict.fromkeys(["resource_id", *SIZES], "max")
HOURS = {"core": 3600.0, "byte": 3600.0 * 2**30}  # of core-seconds and byte-seconds


def labels_of(root: Path, thing: str) -> dict[tuple[str, str, str], dict[str, str]]:
    """The labels of every node or namespace by source, day and name."""
    found = {}
    for path in sorted(root.glob(f"OCP/{thing}_labels/source=*/*/*/*.parquet")):
        frame = pq.read_table(path, columns=[thing, f"{thing}_labels"], partitioning=None).to_pandas()
        source, day = path.parts[-4].removeprefix("source="), path.name.split(".")[1]
        for name, text in frame.drop_duplicates().itertuples(index=False):
            found[source, day, name] = {key: value for key, value in json.loads(text).items() if key in ENABLED}
    return found


def summarise(root: Path) -> tuple[int, pd.DataFrame]:
    """How many rows were read, and the summary."""
    nodes, namespaces = labels_of(root, "node"), labels_of(root, "namespace")
    merged: dict[tuple[str, str, str, str, str], str] = {}

    def label(source: str, day: str, node: str, namespace: str, text: str) -> str:
        key = (source, day, node, namespace, text)
        if key not in merged:
            own = {name: value for name, value in json.loads(text or "{}").items() if name in ENABLED}
            inherited = nodes.get((source, day, node), {}) | namespaces.get((source, day, namespace), {})
            merged[key] = json.dumps(inherited | own, sort_keys=True)
        return merged[key]

    rows, pods, hours = 0, [], []
    numbers = [*SUMMED, *SIZES, *CAPACITIES]
    for path in sorted(root.glob("OCP/pod_usage/source=*/*/*/*.parquet")):
        source, day = path.parts[-4].removeprefix("source="), path.name.split(".")[1]
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(CHUNK_ROWS, columns=["interval_start", *TEXTS, *numbers]):
                frame = batch.to_pandas()
                rows += len(frame)
                frame = frame[(frame[numbers] <= LARGEST_NUMBER).all(axis=1)]
                frame = frame.assign(source=source, day=day)
                hours.append(frame.groupby([*NODE, "interval_start"], as_index=False, sort=False)[CAPACITIES].max())
                frame = frame[frame["node"] != ""]
                pairs = zip(frame["node"], frame["namespace"], frame["pod_labels"], strict=True)
                frame = frame.assign(labels=[label(source, day, *pair) for pair in pairs])
                for of, effective in zip(RESOURCES, EFFECTIVE, strict=True):
                    frame[effective] = frame[[f"pod_usage_{of}_seconds", f"pod_request_{of}_seconds"]].max(axis=1)
                pods.append(frame.groupby(KEYS, as_index=False, sort=False).agg(TOTALS))
    return rows, in_hours(merge(pods, hours))


def merge(pods: list[pd.DataFrame], hours: list[pd.DataFrame]) -> pd.DataFrame:
    """The chunks' results as one: usage added up, and a node's capacity as the sum of its hours' maximum."""
    by_hour = pd.concat(hours).groupby([*NODE, "interval_start"], as_index=False, sort=False).max()
    by_node = by_hour.groupby(NODE, as_index=False, sort=False)[CAPACITIES].sum()
    of_cluster = by_node.groupby(["source", "day"], as_index=False, sort=False)[CAPACITIES].sum()
    of_cluster = of_cluster.rename(columns={name: name.replace("node", "cluster", 1) for name in CAPACITIES})
    summary = pd.concat(pods).groupby(KEYS, as_index=False, sort=False).agg(TOTALS)
    return summary.merge(by_node, on=NODE).merge(of_cluster, on=["source", "day"])


def in_hours(summary: pd.DataFrame) -> pd.DataFrame:
    """Core-hours and GiB-hours instead of seconds, under the mart's names."""
    for name in [name for name in summary.columns if name.endswith("_seconds")]:
        of = "core" if "_core_" in name else "byte"
        summary[name.replace("_seconds", "_hours").replace("byte", "gib")] = summary.pop(name) / HOURS[of]
    summary["node_capacity_memory_gib"] = summary.pop("node_capacity_memory_bytes") / 2**30
    return summary


def main(root: Path) -> None:
    began = time.monotonic()
    rows, summary = summarise(root)
    seconds = time.monotonic() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    print(f"{rows:,} rows, {len(summary):,} of the summary in {seconds:.1f} s (all of it); peak memory {peak:,.0f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
