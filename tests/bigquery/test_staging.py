"""Parts by way of a bucket: loaded from there, and gone afterwards, whatever came in between."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from google.api_core.iam import Policy
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery as google_bigquery
from google.cloud import storage

from loaders.destination import open_warehouse
from loaders.destination.staging import Staging
from loaders.errors import DeclarationError, WarehouseUnavailable
from loaders.load import Outcome
from tests.conftest import MakeTarget
from tests.loads import ELEXON, ROOT, command_environment, day, look, published, run_load, stored
from tests.sandbox import Sandbox
from tests.warehouses import BigQueryTarget, digest, environment

PN = ELEXON.dataset("pn")
DAYS = ["2024-03-30", "2024-03-31"]
BUCKET = "parts-of-tests"
PLACE = Staging(BUCKET, "a/b")


@pytest.fixture(scope="module")
def target(make_target: MakeTarget) -> BigQueryTarget:
    """A project whose loads go by way of a bucket."""
    target = make_target("bigquery")
    assert isinstance(target, BigQueryTarget)
    target.settings.update(MILLRACE_BIGQUERY_STAGING=str(PLACE), STORAGE_EMULATOR_HOST=target.host)
    return target


@pytest.fixture(scope="module")
def created(target: BigQueryTarget) -> Any:
    with environment(target.settings):
        return storage.Client(target.identity, AnonymousCredentials()).create_bucket(BUCKET)


@pytest.fixture
def bucket(created: Any) -> Any:
    """The bucket, empty, where everybody may do everything."""
    allow_only(created, "roles/storage.objectUser")
    created.delete_blobs(list(created.list_blobs()))
    return created


def names(bucket: Any) -> list[str]:
    return [blob.name for blob in bucket.list_blobs()]


def allow_only(bucket: Any, role: str) -> None:
    policy = Policy()
    policy.bindings = [{"role": role, "members": {"allUsers"}}]
    bucket.set_iam_policy(policy)


def load(target: BigQueryTarget, publisher: Sandbox, **options: Any) -> Outcome:
    return run_load(target, publisher.url("elexon"), ["pn"], DAYS[0], DAYS[1], force=True, **options)


# --- settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ("gs://parts", Staging("parts", None)),
        ("gs://parts/", Staging("parts", None)),
        ("gs://parts/a/b/", Staging("parts", "a/b")),
    ],
)
def test_a_place_is_a_bucket_and_perhaps_a_prefix(
    monkeypatch: pytest.MonkeyPatch, location: str, place: Staging
) -> None:
    monkeypatch.setenv("MILLRACE_BIGQUERY_PROJECT", "power")
    monkeypatch.setenv("MILLRACE_BIGQUERY_STAGING", location)
    assert open_warehouse("bigquery").staging == place
    assert Staging.at(str(place)) == place


@pytest.mark.parametrize("location", ["parts", "s3://parts/a", "gs://", "gs://parts//a", "gs://parts/*", "gs://UPPER"])
def test_what_is_no_place_is_named(location: str) -> None:
    with pytest.raises(DeclarationError, match=r"MILLRACE_BIGQUERY_STAGING: .* is no place in a bucket; write gs://"):
        Staging.at(location)


# --- loads ------------------------------------------------------------------------------------------------------------


def test_rows_come_by_way_of_the_bucket_and_nothing_stays_in_it(
    target: BigQueryTarget, bucket: Any, publisher: Sandbox
) -> None:
    """Not even what a process left that was killed; what is another dataset's stays."""
    killed = (
        "import os, signal; from pathlib import Path; from loaders.destination import open_warehouse\n"
        "from tests.bigquery.test_staging import PLACE, PN\n"
        "warehouse = open_warehouse()\n"
        "bucket, folders = PLACE.open(warehouse.project, None), warehouse.staged(PN.pipeline)\n"
        "held = [PLACE.holding(bucket, Path('LICENSE'), *folders, load) for load in '123']\n"
        "for one in held: one.__enter__()\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    settings = command_environment() | target.settings
    assert subprocess.run([sys.executable, "-c", killed], cwd=ROOT, env=settings, check=False).returncode == -9
    folder = f"a/b/{target.identity}/raw/{PN.pipeline}"
    assert names(bucket) == [f"{folder}/{load}/LICENSE" for load in "123"]
    others = f"{folder}_of_another/1/part.parquet"
    bucket.blob(others).upload_from_string(b"")

    outcome = load(target, publisher)
    assert (outcome.errors, outcome.windows_loaded) == ([], 2)
    wanted = [row for on in DAYS for row in publisher.rows("pn", day(on))]
    assert stored(target, PN) == digest(published(PN, wanted))
    assert names(bucket) == [others]
    with target.client() as client:
        jobs = [job for job in client.list_jobs() if isinstance(job, google_bigquery.LoadJob)]
    loads = {load_id for (load_id,) in target.query("SELECT load_id FROM raw._dlt_loads")}
    assert jobs
    for job in jobs:
        [uri] = job.source_uris
        *place, load_id, file = uri.split("/")
        assert "/".join(place) == f"gs://{BUCKET}/{folder}"
        assert load_id in loads
        assert file.split(".")[0] == job.destination.table_id


def test_nothing_stays_after_a_load_that_is_refused(
    target: BigQueryTarget, bucket: Any, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOAD__RAISE_ON_MAX_RETRIES", "1")
    assert load(target, publisher).windows_loaded == 2
    before = stored(target, PN)
    table, kept = "raw_staging.elexon__pn", "raw_staging.kept"
    target.execute(f"CREATE TABLE {kept} AS SELECT * FROM {table} WHERE FALSE")
    spoilt = "* REPLACE (settlement_date > DATE '2000-01-01' AS settlement_date)"
    target.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {spoilt} FROM {kept}")
    outcome = load(target, publisher)
    assert outcome.windows_failed == 2
    assert "elexon.pn: bigquery refused 2024-03-30 to 2024-03-31: " in outcome.errors[0]
    assert "settlement_date" in outcome.errors[0]
    assert names(bucket) == []
    assert stored(target, PN) == before
    target.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM {kept}")


def test_a_large_part_is_sent_in_pieces(
    target: BigQueryTarget, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("google.cloud.storage.blob._MAX_MULTIPART_SIZE", 0)  # pieces are taken above 8 MB
    monkeypatch.setattr("loaders.destination.staging.CHUNK_BYTES", 1 << 18)
    part = tmp_path / "part.parquet"
    part.write_bytes(bytes(range(256)) * 2_500 + b"the last piece")
    with PLACE.holding(bucket, part, "project", "1") as uri:
        assert uri == f"gs://{BUCKET}/a/b/project/1/part.parquet"
        assert bucket.blob("a/b/project/1/part.parquet").download_as_bytes() == part.read_bytes()
    assert names(bucket) == []


# --- refusals ---------------------------------------------------------------------------------------------------------


def test_the_doctor_says_what_is_not_granted(target: BigQueryTarget, bucket: Any) -> None:
    assert f"{PLACE}: parts are loaded from there" in said_by_the_doctor(target)
    allow_only(bucket, "roles/storage.objectViewer")
    said = said_by_the_doctor(target)
    assert "not granted: storage.objects.create, storage.objects.delete" in said
    assert "roles/storage.objectUser" in said


def said_by_the_doctor(target: BigQueryTarget) -> str:
    return " ".join(look(target, "doctor", COLUMNS="400")[1].split())


def test_a_bucket_that_does_not_exist_is_named_before_anything_is_fetched(
    target: BigQueryTarget, bucket: Any, publisher: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(target.settings, "MILLRACE_BIGQUERY_STAGING", "gs://no-bucket")
    asked = len(publisher.requests)
    said = r"^MILLRACE_BIGQUERY_STAGING=gs://no-bucket: .*bucket does not exist.*; see that the bucket exists, in the"
    with pytest.raises(WarehouseUnavailable, match=said):
        load(target, publisher)
    assert len(publisher.requests) == asked


def test_who_may_not_write_to_the_bucket_is_told_what_to_ask_for(
    target: BigQueryTarget, bucket: Any, publisher: Sandbox
) -> None:
    allow_only(bucket, "roles/storage.objectViewer")
    outcome = load(target, publisher)
    assert outcome.windows_failed == 2
    assert "does not have storage.objects.create" in outcome.errors[0]
    assert "grant whoever asks roles/storage.objectUser on it, or load without it; run the same" in outcome.errors[0]
