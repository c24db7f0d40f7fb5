"""DVF: a year as one file, replaced as a whole, its identical rows kept and numbered."""

from __future__ import annotations

import pytest

from loaders.catalogue import read_catalogue
from tests.loads import run_load
from tests.sandbox import Sandbox
from tests.warehouses import Digest, Target, digest

DVF = read_catalogue().source("dvf")
DATASET = DVF.dataset("mutations")
IDENTITY = ["year", "row_hash", "occurrence"]
LASTING = [field.name for field in DATASET.fields if field.computed != "loaded_at"]


@pytest.fixture
def files() -> Sandbox:
    with Sandbox(scale=0.0002, seed=1) as sandbox:
        yield sandbox


def load(target: Target, files: Sandbox, year: int, **options: bool) -> int:
    outcome = run_load(target, files.url("dvf"), ["mutations"], f"{year}-01-01", f"{year}-12-31", source=DVF, **options)
    return outcome.exit_code


def identities(target: Target, year: int) -> Digest:
    return digest(target.rows(DATASET.table, IDENTITY, f"year = {year}"))


def test_a_year_is_loaded_row_for_row_and_again_to_the_same_table(warehouse: Target, files: Sandbox) -> None:
    published = [row["id_mutation"] for row in files.rows("dvf", 2022)]
    assert load(warehouse, files, 2022) == 0
    first = digest(warehouse.rows(DATASET.table, LASTING))
    assert sorted(row[0] for row in warehouse.rows(DATASET.table, ["id_mutation"])) == sorted(published)
    keys = warehouse.rows(DATASET.table, IDENTITY)
    assert len(set(keys)) == len(keys) == len(published)
    assert max(occurrence for _, _, occurrence in keys) > 1, "the publisher's identical rows are kept"
    assert load(warehouse, files, 2022, force=True) == 0
    assert digest(warehouse.rows(DATASET.table, LASTING)) == first


def test_identity_does_not_depend_on_the_order_or_the_numbering_of_a_release(
    duckdb_file: Target, files: Sandbox
) -> None:
    assert load(duckdb_file, files, 2022) == 0
    before = set(duckdb_file.rows(DATASET.table, IDENTITY))
    files.release = 2
    assert load(duckdb_file, files, 2022, force=True) == 0
    after = set(duckdb_file.rows(DATASET.table, IDENTITY))
    assert before != after
    assert len(before & after) > 0.95 * len(before)


@pytest.mark.parametrize("fault", ["truncate_gzip", "truncate", "wrong_header", "bad_row", "html", "404", "empty_body"])
def test_a_bad_file_leaves_the_old_year_and_the_others(duckdb_file: Target, files: Sandbox, fault: str) -> None:
    assert load(duckdb_file, files, 2021) == 0
    assert load(duckdb_file, files, 2022) == 0
    old = identities(duckdb_file, 2022)
    files.fail("DVF", fault, on="2022", times=None)
    assert load(duckdb_file, files, 2022, force=True) == 2 or fault
    assert identities(duckdb_file, 2022) == old
    assert identities(duckdb_file, 2021).rows > 0
    files.clear_faults()
    assert load(duckdb_file, files, 2022) == 0
