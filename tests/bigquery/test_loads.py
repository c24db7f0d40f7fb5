"""Loads into BigQuery: the rows, the layout of the tables, what each command says, and what a refusal leaves."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from loaders.catalogue import Dataset, read_catalogue
from loaders.destination.bigquery_jobs import MergeInOneJob
from loaders.load import Outcome
from tests.conftest import MakeTarget
from tests.loads import ELEXON, day, ledger, look, own_days, published, run_load, stored
from tests.sandbox import Sandbox
from tests.warehouses import BigQueryTarget, Digest, digest

DAYS = ["2024-03-30", "2024-03-31", "2024-04-01"]
# By the day and the month, by dates and by instants; JSON with quotes in it; a snapshot.
PN, FREQ, REMIT, BM_UNITS = (ELEXON.dataset(name) for name in ("pn", "freq", "remit", "bm_units"))
DVF = read_catalogue().source("dvf")
MUTATIONS = DVF.dataset("mutations")  # by the year, with decimals
LOCATION = "europe-west2"  # neither ours nor the emulator's own, which are EU and US
LABELS = {"team": "power", "env": "test"}


@dataclass(frozen=True)
class Loaded:
    """Five datasets loaded, and a day of two of them again."""

    target: BigQueryTarget
    outcomes: list[Outcome]
    before: dict[str, Digest]
    jobs: list[Any]  # of the first load, with which the project began


@pytest.fixture(scope="module")
def files() -> Iterator[Sandbox]:
    with Sandbox(scale=0.0002, seed=1) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def loaded(make_target: MakeTarget, shared_publisher: Sandbox, files: Sandbox) -> Loaded:
    target, url = make_target("bigquery"), shared_publisher.url("elexon")
    assert isinstance(target, BigQueryTarget)
    target.settings.update(MILLRACE_BIGQUERY_LABELS="team=power, env=test", MILLRACE_BIGQUERY_LOCATION=LOCATION)
    names = [dataset.name for dataset in (PN, FREQ, REMIT, BM_UNITS)]
    first = run_load(target, url, names, DAYS[0], DAYS[-1])
    with target.client() as client:
        jobs = list(client.list_jobs())
    year = run_load(target, files.url("dvf"), ["mutations"], "2022-01-01", "2022-12-31", source=DVF)
    before = {dataset.name: stored(target, dataset) for dataset in (PN, FREQ)}
    return Loaded(target, [first, year, run_load(target, url, ["pn", "freq"], DAYS[1], force=True)], before, jobs)


def test_every_window_is_loaded_and_accounted_for(loaded: Loaded) -> None:
    assert [(one.exit_code, one.errors, one.windows_loaded) for one in loaded.outcomes] == [
        (0, [], 3 * 3 + 1),
        (0, [], 1),
        (0, [], 2),
    ]
    for entry in ledger(loaded.target):
        assert entry["rows_read"] == entry["rows_loaded"] + entry["rows_quarantined"] + entry["rows_neighbouring"]


@pytest.mark.parametrize("dataset", [PN, FREQ, REMIT, BM_UNITS, MUTATIONS], ids=lambda dataset: dataset.label)
def test_columns_have_the_declared_types(loaded: Loaded, dataset: Dataset) -> None:
    types = loaded.target.types | {"decimal": "NUMERIC"}
    found = {name: kind for name, kind in loaded.target.columns(dataset.table).items() if not name.startswith("_dlt")}
    assert found == {field.name: types[field.type] for field in dataset.fields}


@pytest.mark.parametrize("dataset", [PN, FREQ, REMIT], ids=lambda dataset: dataset.label)
def test_rows_are_the_publishers_own(loaded: Loaded, dataset: Dataset, shared_publisher: Sandbox) -> None:
    wanted = [row for on in DAYS for row in own_days(dataset, shared_publisher.rows(dataset.name, day(on)), day(on))]
    assert stored(loaded.target, dataset) == digest(published(dataset, wanted))


def test_a_year_is_the_publishers_own(loaded: Loaded, files: Sandbox) -> None:
    wanted = [(row["id_mutation"], row["valeur_fonciere"]) for row in files.rows("dvf", 2022)]
    names = ", ".join(f.name for f in MUTATIONS.fields if f.key in ("id_mutation", "valeur_fonciere"))
    found = loaded.target.query(f"SELECT {names} FROM raw.{MUTATIONS.table}")
    assert sorted(str(row[0]) for row in found) == sorted(str(row[0]) for row in wanted)
    assert sum(float(row[1] or 0) for row in found) == pytest.approx(sum(float(row[1] or 0) for row in wanted))


def test_a_day_loaded_again_is_the_same_table(loaded: Loaded) -> None:
    assert {dataset.name: stored(loaded.target, dataset) for dataset in (PN, FREQ)} == loaded.before


@pytest.mark.parametrize(
    ("dataset", "partition", "clusters"),
    [
        (PN, ("DAY", "settlement_date"), ["national_grid_bm_unit", "settlement_period"]),
        (FREQ, ("MONTH", "measured_at"), None),
        (REMIT, ("MONTH", "published_at"), ["mrid", "revision_number"]),
        (BM_UNITS, None, ["national_grid_bm_unit", "eic"]),
    ],
    ids=lambda value: value.label if isinstance(value, Dataset) else "",
)
def test_tables_are_laid_out_as_declared(
    loaded: Loaded, dataset: Dataset, partition: tuple[str, str] | None, clusters: list[str] | None
) -> None:
    with loaded.target.client() as client:
        table = client.get_table(f"{loaded.target.identity}.raw.{dataset.table}")
    by = table.time_partitioning
    assert (by and (by.type_, by.field)) == partition
    assert table.clustering_fields == clusters


def test_datasets_lie_where_they_are_wanted_with_the_labels(loaded: Loaded) -> None:
    with loaded.target.client() as client:
        found = [client.get_dataset(one.reference) for one in client.list_datasets()]
    assert {one.dataset_id: (one.location, one.labels) for one in found} == {
        "raw": (LOCATION, LABELS),
        "raw_staging": (LOCATION, LABELS),
    }


def test_every_job_of_a_load_has_the_labels(loaded: Loaded) -> None:
    assert {job.job_type for job in loaded.jobs} == {"load", "query"}
    assert [(job.job_type, job.labels) for job in loaded.jobs if job.labels != LABELS] == []


def test_every_command_that_reads_answers(loaded: Loaded) -> None:
    code, said = look(loaded.target, "status")
    assert code == 0
    assert "in bigquery project" in said
    assert "2024-04-01" in said
    assert look(loaded.target, "verify", "--dataset", "pn", "--dataset", "freq", "--dataset", "bm_units")[0] == 0
    assert look(loaded.target, "verify", "--source", "dvf")[0] == 0
    code, said = look(loaded.target, "show", "raw.elexon__freq", "--rows", "2")
    assert code == 0
    assert "measured_at" in said
    assert look(loaded.target, "show", "raw.nothing")[0] == 1


def test_rows_that_somebody_deleted_are_found_and_brought_back(
    bigquery: BigQueryTarget, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a merge that is refused after its DELETE leaves what was there."""
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")

    def load(**options: Any) -> Outcome:
        return run_load(bigquery, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[1], **options)

    assert load().windows_loaded == 2
    bigquery.execute(f"DELETE FROM raw.elexon__pn WHERE settlement_date = DATE '{DAYS[0]}' AND settlement_period = 7")
    left = stored(bigquery, PN)
    code, said = look(bigquery, "verify", "--dataset", "pn")
    assert code == 2
    assert f"elexon.pn {DAYS[0]}: the ledger says " in said

    with monkeypatch.context() as patched:
        patched.setattr(MergeInOneJob, "generate_sql", _that_fails_before_its_commit(MergeInOneJob.generate_sql))
        outcome = load(force=True)
    assert (outcome.windows_loaded, outcome.windows_failed) == (0, 2)
    assert f"elexon.pn: bigquery refused {DAYS[0]} to {DAYS[1]}: " in outcome.errors[0]
    assert "division by zero" in outcome.errors[0]
    assert stored(bigquery, PN) == left

    assert load(force=True).windows_loaded == 2
    wanted = [row for on in DAYS[:2] for row in publisher.rows("pn", day(on))]
    assert stored(bigquery, PN) == digest(published(PN, wanted))


def _that_fails_before_its_commit(generate: Any) -> Any:
    return lambda *arguments: [*generate(*arguments)[:-1], "SELECT 1 / 0", "COMMIT TRANSACTION"]
