"""`python -m tests.bigquery.analyse`: every model and test of the dbt project, put to Google's own analyzer of SQL.

The emulator runs SQL that BigQuery would refuse; the analyzer runs nothing and refuses what BigQuery refuses, against
the declared columns of the sources. Models are taken in order, so that each is analysed against what the analyzer
found the earlier ones to give. Exits with 1 and a line for each that is wrong.
"""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from flows.run_dbt import PROJECT, run_dbt
from loaders.catalogue import read_catalogue
from loaders.destination import BigQuery
from tests.bigquery.emulator import PYTHON, ROOT, Emulator
from tests.warehouses import BigQueryTarget, environment

PARSED = PROJECT / "target" / "analysed"  # half of dbt's time goes into files that have not changed since
ANALYZER = "tests.bigquery.analyzer"
NAME = re.compile(r"`([^`]+)`\.`([^`]+)`\.`([^`]+)`")
DECLARED = {
    "string": "STRING",
    "json": "STRING",
    "integer": "INT64",
    "double": "FLOAT64",
    "decimal": "NUMERIC",
    "boolean": "BOOL",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
}
SEED_TYPES = {"BOOL": "(?i)true|false", "INT64": r"-?\d+", "FLOAT64": r"-?\d+\.\d+", "DATE": r"\d{4}-\d\d-\d\d"}
KEPT_NODES = ("model", "test")

Tables = dict[str, dict[str, str]]
Statement = dict[str, str | None]


def start_analyzer() -> subprocess.Popen[str]:
    """It gets ready, which takes 20 s the first time, and waits for what to analyse."""
    return subprocess.Popen(
        [str(PYTHON), "-m", ANALYZER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def analyse(tables: Tables, statements: list[Statement]) -> list[tuple[str, str]]:
    """What is wrong, by the statement's name. Takes what `tests.bigquery.analyzer` describes."""
    with start_analyzer() as analyzer:
        return answered(analyzer, tables, statements)


def answered(analyzer: subprocess.Popen[str], tables: Tables, statements: list[Statement]) -> list[tuple[str, str]]:
    """What a started analyzer says, which ends then."""
    said, _ = analyzer.communicate(json.dumps({"tables": tables, "statements": statements}))
    if analyzer.returncode != 0:
        raise subprocess.CalledProcessError(analyzer.returncode, ANALYZER)
    return [(name, text) for name, text in json.loads(said)]


def compiled(emulator: Emulator) -> dict[str, Any]:
    """dbt's manifest of the project as it would run on BigQuery. Compiling asks a warehouse what is there."""
    target = BigQueryTarget.create(emulator.host, "analysed")
    places = {"DBT_TARGET_PATH": str(PARSED), "DBT_LOG_PATH": str(PARSED)}
    with environment(target.settings | places):
        run_dbt(["compile"], BigQuery.of_environment(), say=lambda line: None)
    return dict(json.loads((PARSED / "manifest.json").read_text()))


def sources(manifest: dict[str, Any]) -> Tables:
    """The declared columns of all that dbt reads and does not make, and those of the seeds."""
    declared = {(d.source_name, d.name): d for d in read_catalogue().datasets()}
    found = {}
    for node in manifest["sources"].values():
        dataset = declared[node["source_name"], node["name"]]
        found[_table(node)] = {field.name: DECLARED[field.type] for field in dataset.fields}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "seed":
            found[_table(node)] = _seed(PROJECT / node["original_file_path"])
    return found


def _seed(path: Path) -> dict[str, str]:
    """The columns of a seed with the types that dbt gives them."""
    with path.open(encoding="utf-8") as file:
        names, *rows = csv.reader(file)
    return {name: _type({row[place] for row in rows} - {""}) for place, name in enumerate(names)}


def _type(texts: set[str]) -> str:
    for kind, pattern in SEED_TYPES.items():
        if texts and all(re.fullmatch(pattern, text) for text in texts):
            return kind
    return "STRING"


def statements(manifest: dict[str, Any]) -> Iterator[Statement]:
    """The compiled models and tests, each after what it reads."""
    nodes = manifest["nodes"]
    parents = {name: node["depends_on"]["nodes"] for name, node in nodes.items() if "nodes" in node["depends_on"]}
    for name in TopologicalSorter(parents).static_order():
        node = nodes.get(name)
        if node and node["resource_type"] in KEPT_NODES:
            makes = node["resource_type"] == "model" and node["config"]["materialized"] != "ephemeral"
            sql = NAME.sub(r"`\1.\2.\3`", node["compiled_code"])
            name = f"{node['resource_type']} {node['name']}"
            yield {"name": name, "creates": _table(node) if makes else None, "sql": sql}


def _table(node: dict[str, Any]) -> str:
    return f"{node['database']}.{node['schema']}.{node.get('identifier') or node['alias']}"


def main() -> int:
    began = time.monotonic()
    with start_analyzer() as analyzer:
        with tempfile.TemporaryDirectory() as folder, Emulator(Path(folder)) as emulator:
            manifest = compiled(emulator)
        found = list(statements(manifest))
        wrong = answered(analyzer, sources(manifest), found)
    for name, said in wrong:
        print(f"{name}: {said}", file=sys.stderr)
    kinds = Counter(str(one["name"]).split()[0] for one in found)
    print(
        f"BigQuery's analyzer read {kinds['model']} models and {kinds['test']} tests "
        f"in {time.monotonic() - began:.0f} s: {len(wrong)} are wrong"
    )
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
