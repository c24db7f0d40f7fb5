"""What is written for dbt and for reviewers, from the declarations alone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from loaders import render
from loaders.catalogue import Catalogue, read_catalogue
from loaders.render import rendered_files, stale_files, write_files
from tests.loads import ELEXON


@pytest.fixture
def catalogue() -> Catalogue:
    return read_catalogue()


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Rendered files go to a folder of the test's own."""
    monkeypatch.setattr(render, "STAGING", tmp_path / "staging")
    monkeypatch.setattr(render, "INVENTORY", tmp_path / "inventory.txt")
    return tmp_path


def test_every_dataset_has_a_staging_model_of_its_declared_columns(catalogue: Catalogue, house: Path) -> None:
    files = rendered_files(catalogue)
    for dataset in catalogue.datasets():
        text = files[house / "staging" / dataset.source_name / f"stg_{dataset.table}.sql"]
        if dataset.vocabulary is None:
            selected = text.partition("\nselect")[2].partition("\nfrom")[0].replace(",", " ").split()
        else:  # and its type, for the time in which it is not loaded
            selected = re.findall(r"^    '(\w+)': '\w+'", text, re.MULTILINE)
        assert selected == [field.name for field in dataset.fields]
        assert f"source('{dataset.source_name}', '{dataset.name}')" in text
        assert f"loaders/sources/{dataset.source_name}/datasets/{dataset.name}.yml" in text


def test_dbts_sources_name_the_raw_tables_and_test_the_declared_grain(catalogue: Catalogue, house: Path) -> None:
    content = yaml.safe_load(rendered_files(catalogue)[house / "staging" / "elexon" / "_elexon.yml"])
    [source] = content["sources"]
    tables = {table["name"]: table for table in source["tables"]}
    models = {model["name"]: model for model in content["models"]}
    assert source["schema"].endswith("'raw' }}")  # behind a prefix, where a warehouse is shared
    for dataset in ELEXON.datasets.values():
        assert tables[dataset.name]["identifier"] == dataset.table
        model = models[f"stg_{dataset.table}"]
        assert model["data_tests"][0] == {"unique_grain": {"arguments": {"columns": list(dataset.grain)}}}
        tested = {column["name"] for column in model["columns"] if column.get("data_tests") == ["not_null"]}
        assert tested == set(dataset.required)


def test_a_publication_of_another_size_is_a_warning_with_both_counts(catalogue: Catalogue, house: Path) -> None:
    content = yaml.safe_load(rendered_files(catalogue)[house / "staging" / "elexon" / "_elexon.yml"])
    tests = {model["name"]: model["data_tests"] for model in content["models"]}
    [size] = [test["publication_size"] for test in tests["stg_elexon__ndf"] if "publication_size" in test]
    assert size["arguments"] == {"rows": 56, "columns": ["published_at"]}
    # dbt says "Got (what fail_calc gives) results, configured to warn if (warn_if)".
    assert size["config"]["severity"] == "warn"
    assert (size["config"]["fail_calc"], size["config"]["warn_if"]) == ("coalesce(min(rows_found), 56)", "< 56")
    [size] = [test["publication_size"] for test in tests["stg_elexon__freq"] if "publication_size" in test]
    assert size["arguments"] == {"rows": 5760, "day_of": "measured_at"}
    assert all("publication_size" not in test for test in tests["stg_elexon__pn"])


def test_a_unit_stands_in_the_description(catalogue: Catalogue, house: Path) -> None:
    text = rendered_files(catalogue)[house / "staging" / "elexon" / "_elexon.yml"]
    columns = {
        column["name"]: column["description"] for model in yaml.safe_load(text)["models"] for column in model["columns"]
    }
    assert columns["level_from_mw"].endswith("[MW]")
    assert columns["price_gbp_per_mwh"].endswith("[GBP/MWh]")


def test_the_inventory_lists_every_table_with_its_grain_and_every_column(catalogue: Catalogue, house: Path) -> None:
    lines = rendered_files(catalogue)[house / "inventory.txt"].splitlines()
    assert "elexon__freq: replace_window by utc_day of measured_at; one row per measured_at" in lines
    assert lines[lines.index("  measured_at timestamp") + 1] == "  frequency_hz double"
    datasets = list(catalogue.datasets())
    assert len(lines) == len(datasets) + sum(len(dataset.fields) for dataset in datasets)


def test_what_is_written_is_no_longer_stale(catalogue: Catalogue, house: Path) -> None:
    files = rendered_files(catalogue)
    assert len(stale_files(files)) == len(files)
    assert write_files(files) == len(files)
    assert stale_files(files) == []
    assert write_files(files) == 0


def test_a_file_that_was_changed_by_hand_is_stale(catalogue: Catalogue, house: Path) -> None:
    files = rendered_files(catalogue)
    write_files(files)
    changed = house / "staging" / "elexon" / "stg_elexon__pn.sql"
    changed.write_text(changed.read_text() + "-- mine\n")
    assert stale_files(files) == [changed]


def test_a_model_that_nobody_declares_any_more_is_deleted(catalogue: Catalogue, house: Path) -> None:
    files = rendered_files(catalogue)
    write_files(files)
    left = house / "staging" / "elexon" / "stg_elexon__gone.sql"
    left.write_text("select 1\n")
    assert write_files(files) == 1
    assert not left.exists()
