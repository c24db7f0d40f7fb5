"""DVF: a year as one file, replaced as a whole, its identical rows kept and numbered."""

from __future__ import annotations

import gzip
import re
from pathlib import Path

import pytest

from loaders.catalogue import read_catalogue
from tests.loads import look, run_load
from tests.sandbox import Sandbox
from tests.warehouses import Digest, PostgresTarget, Target, digest

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
    assert load(duckdb_file, files, 2022, force=True) == 1
    assert identities(duckdb_file, 2022) == old
    assert identities(duckdb_file, 2021).rows > 0
    files.clear_faults()
    assert load(duckdb_file, files, 2022) == 0


def test_on_postgres_a_year_is_a_partition_with_its_indexes_and_a_reload_swaps_it(
    postgres: PostgresTarget, files: Sandbox
) -> None:
    for year in (2021, 2022):
        assert load(postgres, files, year) == 0
    first = partitions(postgres)
    assert list(first) == ["dvf__mutations__2021", "dvf__mutations__2022"]
    before = digest(postgres.rows(DATASET.table, LASTING))
    indexed = "SELECT indexdef FROM pg_indexes WHERE schemaname = 'raw' AND tablename = 'dvf__mutations__2022'"
    indexes = sorted(postgres.query(indexed))
    assert [definition.split("USING ")[1] for (definition,) in indexes] == [
        "btree (code_commune)",
        "btree (id_parcelle)",
    ]
    assert load(postgres, files, 2022, force=True) == 0
    second = partitions(postgres)
    assert second["dvf__mutations__2021"] == first["dvf__mutations__2021"], "the other year is not touched"
    assert second["dvf__mutations__2022"] != first["dvf__mutations__2022"], "it is another table now"
    assert sorted(postgres.query(indexed)) == indexes
    assert digest(postgres.rows(DATASET.table, LASTING)) == before
    types = dict(
        postgres.query(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'raw' AND table_name = 'dvf__mutations'"
        )
    )
    assert (types["date_mutation"], types["valeur_fonciere_eur"], types["nombre_lots"]) == ("date", "numeric", "bigint")


def test_on_postgres_a_table_of_an_older_version_keeps_its_form_and_has_its_years_replaced(
    postgres: PostgresTarget, files: Sandbox
) -> None:
    assert load(postgres, files, 2022) == 0
    before = digest(postgres.rows(DATASET.table, LASTING))
    postgres.execute(
        "CREATE TABLE raw.plain (LIKE raw.dvf__mutations); INSERT INTO raw.plain SELECT * FROM raw.dvf__mutations; "
        "DROP TABLE raw.dvf__mutations; ALTER TABLE raw.plain RENAME TO dvf__mutations"
    )
    assert load(postgres, files, 2021) == 0
    assert load(postgres, files, 2022, force=True) == 0  # what 2021 left in the staging table is not of this year
    assert digest(postgres.rows(DATASET.table, LASTING, "year = 2022")) == before
    assert postgres.count(DATASET.table, "year = 2021") == len(list(files.rows("dvf", 2021)))
    assert postgres.query("SELECT count(DISTINCT loaded_at), count(loaded_at) = count(*) FROM raw.dvf__mutations") == [
        (2, True)
    ]
    assert partitions(postgres) == {}


def test_two_releases_are_compared_row_by_row_whatever_their_order(warehouse: Target, files: Sandbox) -> None:
    assert load(warehouse, files, 2022) == 0
    loaded = set(warehouse.rows(DATASET.table, IDENTITY))
    assert difference(warehouse, files, 2022) == (0, 0, len(loaded))
    files.release = 2
    added, removed, unchanged = difference(warehouse, files, 2022)
    assert load(warehouse, files, 2022, force=True) == 0
    published = set(warehouse.rows(DATASET.table, IDENTITY))
    assert (added, removed, unchanged) == (len(published - loaded), len(loaded - published), len(loaded & published))
    assert added and removed and unchanged > removed


def difference(target: Target, files: Sandbox, year: int) -> tuple[int, int, int]:
    code, said = look(target, "diff", str(year), MILLRACE_DVF_URL=files.url("dvf"))
    assert code == 0, said
    counts = re.search(r"([\d,]+) added, ([\d,]+) removed, ([\d,]+) unchanged", said)
    assert counts, said
    added, removed, unchanged = (int(count.replace(",", "")) for count in counts.groups())
    return added, removed, unchanged


def test_an_oldest_year_that_lost_its_first_half_in_october_is_refused_until_it_is_accepted(
    duckdb_file: Target, files: Sandbox, tmp_path: Path
) -> None:
    whole = sorted(files.rows("dvf", 2022), key=lambda row: row["date_mutation"])
    rows = [",".join(text(row[key]) for key in HEADER) for row in whole]
    assert load_file(duckdb_file, tmp_path, rows) == 0
    before = digest(duckdb_file.rows(DATASET.table, LASTING))
    assert load_file(duckdb_file, tmp_path, rows[len(rows) // 2 :]) == 1
    assert digest(duckdb_file.rows(DATASET.table, LASTING)) == before
    assert load_file(duckdb_file, tmp_path, rows[len(rows) // 2 :], accept_shrink=True) == 0
    assert duckdb_file.count(DATASET.table) == len(rows) - len(rows) // 2


HEADER = [field.key for field in DATASET.published]


def text(value: object) -> str:
    shown = "" if value is None else str(value)
    return f'"{shown}"' if "," in shown else shown


def load_file(target: Target, folder: Path, rows: list[str], **options: bool) -> int:
    path = folder / "2022" / "full.csv.gz"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(gzip.compress("\n".join([",".join(HEADER), *rows, ""]).encode()))
    outcome = run_load(
        target, folder.as_uri(), ["mutations"], "2022-01-01", "2022-12-31", source=DVF, force=True, **options
    )
    return outcome.exit_code


def partitions(target: PostgresTarget) -> dict[str, int]:
    """The partitions of the table of sales, and the file that each is stored in."""
    found = target.query(
        "SELECT c.relname, c.relfilenode::bigint FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid "
        "WHERE i.inhparent = 'raw.dvf__mutations'::regclass ORDER BY 1"
    )
    return dict(found)
