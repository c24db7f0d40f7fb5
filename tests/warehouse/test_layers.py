"""The dbt project keeps its own walls: layers, names, grains and descriptions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from flows.run_dbt import run_dbt
from tests.conftest import DbtFiles, MakeTarget
from tests.warehouses import environment

LAYER_OF = {"stg_": "staging", "int_": "intermediate", "fct_": "marts", "dim_": "marts"}


LONGEST_NAME = 63  # of a relation in Postgres, which a unit test makes by its name


@pytest.fixture(scope="module")
def manifest(borrow: MakeTarget, dbt_files: DbtFiles) -> dict[str, Any]:
    """The project as dbt parses it."""
    target = borrow("duckdb")
    files = dbt_files(target)
    with environment(files | {"DBT_WRITE_JSON": "true"}):
        run_dbt(["parse"], target.open(), say=lambda line: None)
    parsed: dict[str, Any] = json.loads((Path(files["DBT_TARGET_PATH"]) / "manifest.json").read_text())
    return parsed


@pytest.fixture(scope="module")
def models(manifest: dict[str, Any]) -> dict[str, Any]:
    """The project's models by name, with their tests' names under `tests`."""
    found = {
        node["name"]: node | {"tests": []} for node in manifest["nodes"].values() if node["resource_type"] == "model"
    }
    for node in manifest["nodes"].values():
        attached = (node.get("attached_node") or "").split(".")[-1]
        if node["resource_type"] == "test" and attached in found:
            found[attached]["tests"].append(node["test_metadata"]["name"])
    return found


def test_a_model_is_named_for_its_layer(models: dict[str, Any]) -> None:
    for name, model in models.items():
        layer = next((layer for prefix, layer in LAYER_OF.items() if name.startswith(prefix)), None)
        assert layer is not None, f"{name}: begin with one of {', '.join(LAYER_OF)}"
        assert Path(model["original_file_path"]).parts[1] == layer, f"{name} belongs under models/{layer}"


def test_only_staging_reads_sources_and_no_model_reads_a_mart(models: dict[str, Any]) -> None:
    for name, model in models.items():
        for parent in model["depends_on"]["nodes"]:
            kind, *_, parent_name = parent.split(".")
            assert kind != "source" or name.startswith("stg_"), f"{name} reads {parent}: read its staging model"
            assert not parent_name.startswith(("fct_", "dim_")), f"{name} reads the mart {parent_name}"


def test_every_model_states_its_grain_and_tests_it(models: dict[str, Any]) -> None:
    for name, model in models.items():
        assert model["description"], f"{name}: describe it, its grain first"
        assert "unique_grain" in model["tests"], f"{name}: test its grain with unique_grain"
        undescribed = [column for column, about in model["columns"].items() if not about["description"]]
        assert undescribed == [], f"{name}: describe {undescribed}"


def test_a_unit_test_s_name_is_one_that_postgres_takes(manifest: dict[str, Any]) -> None:
    names = [test["name"] for test in manifest["unit_tests"].values()]
    assert len(names) > 50
    assert [name for name in names if len(name) > LONGEST_NAME] == []
