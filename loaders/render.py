"""What the declarations say, written for others: dbt's sources and staging models, and the inventory of tables.

The files are committed, so that a reader greps them and a reviewer sees them change; `task check` fails on a stale one.
"""

from collections.abc import Iterator
from pathlib import Path

import yaml

from loaders.catalogue import Catalogue, Dataset, Field, Source
from loaders.destination import RAW

ROOT = Path(__file__).parent.parent
STAGING = ROOT / "dbt_project" / "models" / "staging"
# As the macro schema_prefix, which cannot be called here.
SCHEMA = "{{ (env_var('MILLRACE_BIGQUERY_PREFIX', '') if target.type == 'bigquery' else '') ~ '" + RAW + "' }}"
EVENT_TIMES = ("settlement_day", "utc_day")  # windows whose column dbt can cut batches by
INVENTORY = ROOT / "tests" / "golden" / "inventory.txt"


def rendered_files(catalogue: Catalogue) -> dict[Path, str]:
    """Every rendered file with its text."""
    files = {INVENTORY: "\n".join(_inventory(catalogue)) + "\n"}
    for source in catalogue.sources.values():
        folder = STAGING / source.name
        files[folder / f"_{source.name}.yml"] = _sources_file(source)
        for dataset in source.datasets.values():
            files[folder / f"stg_{dataset.table}.sql"] = _staging_model(dataset)
    return files


def write_files(files: dict[Path, str]) -> int:
    """Write what differs and delete what nobody declares any more. Returns how many files changed."""
    stale = stale_files(files)
    for path in stale:
        if path in files:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(files[path], encoding="utf-8")
        else:
            path.unlink()
    return len(stale)


def stale_files(files: dict[Path, str]) -> list[Path]:
    """Files that are missing, differ, or stand in a rendered folder without a declaration."""
    differing = [path for path, text in files.items() if not path.exists() or path.read_text(encoding="utf-8") != text]
    undeclared = [path for path in STAGING.glob("*/*") if path.suffix in (".sql", ".yml") and path not in files]
    return sorted(differing + undeclared)


def _declaration(source: str, *parts: str) -> str:
    return "/".join(("loaders/sources", source, *parts))


def _staging_model(dataset: Dataset) -> str:
    declared = _declaration(dataset.source_name, "datasets", f"{dataset.name}.yml")
    lines = [f"-- Rendered from {declared}; change that and run `task render`."]
    if dataset.window and dataset.request.window in EVENT_TIMES:
        lines.append("{{ config(event_time='" + dataset.window + "') }}")
    if dataset.vocabulary is not None:  # read together with other markets, of which a user may have none
        types = ",\n".join(f"    '{field.name}': '{field.type}'" for field in dataset.fields)
        raw = "source('" + dataset.source_name + "', '" + dataset.name + "')"
        return "\n".join([*lines, "{{ select_if_loaded(" + raw + ", {", types, "}) }}"]) + "\n"
    columns = ",\n".join(f"    {field.name}" for field in dataset.fields)
    lines += ["select", columns, "from {{ source('" + dataset.source_name + "', '" + dataset.name + "') }}"]
    return "\n".join(lines) + "\n"


def _sources_file(source: Source) -> str:
    content = {
        "version": 2,
        "sources": [
            {
                "name": source.name,
                "schema": SCHEMA,
                "description": f"{source.title}, {source.publisher}. {source.about} Licence: {source.licence}",
                "tables": [_table(dataset) for dataset in source.datasets.values()],
            }
        ],
        "models": [_model(dataset) for dataset in source.datasets.values()],
    }
    header = f"# Rendered from {_declaration(source.name)}; change that and run `task render`.\n"
    return header + yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)


def _table(dataset: Dataset) -> dict[str, object]:
    table: dict[str, object] = {
        "name": dataset.name,
        "identifier": dataset.table,
        "description": f"{dataset.title}, as published {'at ' + dataset.route if dataset.route else 'in files'}",
    }
    if dataset.request.window in EVENT_TIMES:
        table["config"] = {"event_time": dataset.window}
    return table


def _model(dataset: Dataset) -> dict[str, object]:
    return {
        "name": f"stg_{dataset.table}",
        "description": f"One row per {', '.join(dataset.grain)}. {dataset.about}",
        "data_tests": list(_tests(dataset)),
        "columns": [_column(dataset, field) for field in dataset.fields],
    }


def _tests(dataset: Dataset) -> Iterator[dict[str, object]]:
    yield {"unique_grain": {"arguments": {"columns": list(dataset.grain)}}}
    if dataset.publication is not None:
        rows, per = dataset.publication.rows, list(dataset.publication.per)
        arguments: dict[str, object] = {"rows": rows, **({"columns": per} if per else {"day_of": dataset.window})}
        # The count that dbt reports is the smallest publication's, so that its message shows both.
        config = {
            "severity": "warn",
            "warn_if": f"< {rows}",
            "error_if": "< 0",
            "fail_calc": f"coalesce(min(rows_found), {rows})",
        }
        said = f"rows of the shortest {'publication' if per else 'day'}, where a whole one has {rows:,}"
        yield {"publication_size": {"description": said, "arguments": arguments, "config": config}}


def _column(dataset: Dataset, field: Field) -> dict[str, object]:
    about = field.about + (f" [{field.unit}]" if field.unit else "")
    column: dict[str, object] = {"name": field.name, "description": about}
    if field.name in dataset.required:
        column["data_tests"] = ["not_null"]
    return column


def _inventory(catalogue: Catalogue) -> Iterator[str]:
    """A line per table and per column: what vanishes from the catalogue is a red line in the diff."""
    for dataset in catalogue.datasets():
        grain = ", ".join(dataset.grain)
        window = f"{dataset.request.window} of {dataset.window}" if dataset.window else dataset.request.window
        yield f"{dataset.table}: {dataset.mode} by {window}; one row per {grain}"
        for field in dataset.fields:
            yield f"  {field.name} {field.type}"
