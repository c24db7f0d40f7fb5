"""`python -m tests.bench.summary`: dbt over the pods that are loaded, without its tests; seconds and peak memory."""

from __future__ import annotations

import time

from flows.build import build
from loaders.memory import peak_mb


def main() -> None:
    began = time.monotonic()
    nodes = build(options=["--exclude-resource-type", "test", "unit_test"], say=lambda line: None)
    seconds = time.monotonic() - began
    print(f"{len(nodes):,} rows, nodes built in {seconds:.1f} s (all of it); peak memory {peak_mb():,.0f} MB")


if __name__ == "__main__":
    main()
