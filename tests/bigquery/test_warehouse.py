"""What is BigQuery's own: its settings, its SQL, its lock, and errors that say what to do."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from google.api_core.exceptions import Forbidden, GoogleAPICallError, NotFound, TooManyRequests

from flows.run_dbt import run_dbt
from loaders.catalogue import DeclarationError, read_source
from loaders.destination import BigQuery, open_session, open_warehouse
from loaders.destination.google_credentials import google_credentials
from loaders.errors import WarehouseUnavailable
from tests.bigquery.analyse import analyse
from tests.loads import ELEXON, ROOT, command_environment
from tests.warehouses import BigQueryTarget, environment
from tests.wire import closed_port

FUELHH, PN = ELEXON.dataset("fuelhh"), ELEXON.dataset("pn")
VALUES = [
    date(2024, 2, 29),
    datetime(2024, 3, 31, 1, 30, 0, 250_000, tzinfo=UTC),
    7,
    "it's",
    "'; DROP TABLE x; --",
    "\\",
    "two\nlines",
]

# --- settings ---------------------------------------------------------------------------------------------------------


def test_the_environment_describes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CLOUD_PROJECT", "another")
    assert open_warehouse("bigquery") == BigQuery("another", "EU")
    monkeypatch.setenv("MILLRACE_BIGQUERY_PROJECT", "power")
    monkeypatch.setenv("MILLRACE_BIGQUERY_LOCATION", "europe-west2")
    monkeypatch.setenv("MILLRACE_BIGQUERY_PREFIX", "team_")
    monkeypatch.setenv("MILLRACE_BIGQUERY_LABELS", "team=power, env=dev")
    found = open_warehouse("bigquery")
    assert found == BigQuery("power", "europe-west2", "team_", {"team": "power", "env": "dev"})
    assert str(found) == "bigquery project power datasets team_* in europe-west2"
    assert found.environment() == {
        "MILLRACE_WAREHOUSE": "bigquery",
        "MILLRACE_BIGQUERY_PROJECT": "power",
        "MILLRACE_BIGQUERY_LOCATION": "europe-west2",
        "MILLRACE_BIGQUERY_PREFIX": "team_",
    }


def test_without_a_project_it_says_where_to_write_one() -> None:
    with pytest.raises(DeclarationError, match=r"no project: write the id of .* in MILLRACE_BIGQUERY_PROJECT"):
        open_warehouse("bigquery")


def test_labels_that_are_none_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MILLRACE_BIGQUERY_PROJECT", "power")
    monkeypatch.setenv("MILLRACE_BIGQUERY_LABELS", "team:power")
    with pytest.raises(DeclarationError, match="'team:power' is no label; write team=power"):
        open_warehouse("bigquery")


def test_a_declared_layout_is_checked(tmp_path: Path) -> None:
    (tmp_path / "elexon" / "datasets").mkdir(parents=True)
    for name in ("source.yml", "fields.yml"):
        (tmp_path / "elexon" / name).write_text((FUELHH.path.parent.parent / name).read_text())
    path = tmp_path / "elexon" / "datasets" / "fuelhh.yml"
    path.write_text(FUELHH.path.read_text() + "\ncluster: [fuel]\n")
    with pytest.raises(DeclarationError, match="cluster: 'fuel' is not among the dataset's fields"):
        read_source(tmp_path / "elexon")
    path.write_text(FUELHH.path.read_text() + "\npartition: hour\n")
    with pytest.raises(DeclarationError, match=r"partition: Input should be 'day' or 'month'"):
        read_source(tmp_path / "elexon")


def test_a_query_of_dbt_may_not_read_more_than_it_is_allowed(
    bigquery: BigQueryTarget, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A key of the profile that dbt does not know it passes over without a word."""
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path))
    monkeypatch.setenv("MILLRACE_BIGQUERY_MAX_BYTES", "20971520")
    with environment(bigquery.settings):
        run_dbt(["debug", "--connection"], bigquery.open(), say=lambda line: None)
    with bigquery.client() as client:
        assert [job.maximum_bytes_billed for job in client.list_jobs()] == [20_971_520]


# --- SQL --------------------------------------------------------------------------------------------------------------


def test_a_literal_is_read_back_as_the_value(bigquery: BigQueryTarget) -> None:
    literals = [bigquery.open().literal(value) for value in VALUES]
    sql = f"SELECT {', '.join(f'{literal} AS c{number}' for number, literal in enumerate(literals))}"
    [found] = bigquery.query(sql)
    assert list(found) == VALUES
    assert analyse({}, [{"name": "literals", "creates": None, "sql": sql}]) == []


def test_the_day_of_an_instant_is_that_of_utc(bigquery: BigQueryTarget) -> None:
    instant = "CAST('2024-07-01T00:30:00+01:00' AS TIMESTAMP)"
    assert bigquery.query(f"SELECT {bigquery.open().utc_day(instant)}") == [(date(2024, 6, 30),)]


def test_a_table_that_does_not_exist_has_no_rows_and_a_wrong_query_is_an_error(bigquery: BigQueryTarget) -> None:
    with environment(bigquery.settings), open_session(bigquery.open()) as session:
        assert session.tables() == set()
        assert session.query(f"SELECT 1 FROM {session.table('nothing')}") == []
        with pytest.raises(WarehouseUnavailable, match=r"^bigquery: .*Syntax error"):
            session.query("SELECT FROM WHERE")


# --- lock -------------------------------------------------------------------------------------------------------------


def test_who_holds_the_lock_keeps_others_out_until_done(bigquery: BigQueryTarget) -> None:
    said = rf"elexon\.pn is being loaded by another process, {os.getpid()} on .*; wait until it is done"
    with environment(bigquery.settings):
        one, other = bigquery.open(), bigquery.open()
        with one.lock([PN]):
            with pytest.raises(WarehouseUnavailable, match=said), other.lock([FUELHH, PN]):
                pass
            with other.lock([FUELHH]):  # the refusal left none behind
                pass
        with other.lock([PN]), open_session(other) as session:
            assert session.tables() == {"elexon__pn__lock"}


def test_a_lock_ends_with_the_process_that_held_it(bigquery: BigQueryTarget) -> None:
    code = (
        "import os, signal; from loaders.destination import open_warehouse; from tests.loads import ELEXON\n"
        "with open_warehouse().lock([ELEXON.dataset('pn')]): os.kill(os.getpid(), signal.SIGKILL)"
    )
    settings = command_environment() | bigquery.settings
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=settings, check=False).returncode == -9
    with environment(bigquery.settings), bigquery.open().lock([PN]):
        pass


# --- errors -----------------------------------------------------------------------------------------------------------


def google_error(kind: type[GoogleAPICallError], reason: str, said: str) -> GoogleAPICallError:
    """An error as Google's client raises it."""
    return kind(said, errors=[{"reason": reason, "message": said}])


@pytest.mark.parametrize(
    ("error", "help_"),
    [
        (
            google_error(Forbidden, "accessDenied", "Access Denied: Project power: no bigquery.jobs.create"),
            "grant whoever asks roles/bigquery.jobUser on project power and roles/bigquery.dataEditor",
        ),
        (google_error(Forbidden, "quotaExceeded", "Quota exceeded"), "a quota of project power is used up; wait until"),
        (google_error(TooManyRequests, "rateLimitExceeded", "Exceeded rate limits"), "run the same command again in a"),
        (google_error(Forbidden, "billingNotEnabled", "Billing has not been enabled"), "enable billing for project"),
        (
            google_error(NotFound, "notFound", "Not found: Dataset power:raw in location US"),
            "MILLRACE_BIGQUERY_LOCATION",
        ),
    ],
    ids=["permission", "quota", "rate", "billing", "location"],
)
def test_an_error_of_bigquery_says_what_to_do(error: GoogleAPICallError, help_: str) -> None:
    wrapped = RuntimeError("job failed")  # as dlt passes it on
    wrapped.__cause__ = error
    for one in (error, wrapped):
        said = BigQuery("power").reason(one)
        assert str(error) in said
        assert help_ in said


def test_an_unknown_error_is_given_as_it_is() -> None:
    assert BigQuery("power").reason(ValueError("something else")) == "ValueError: something else"


def test_a_service_that_does_not_answer_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", f"http://127.0.0.1:{closed_port()}")
    monkeypatch.setattr("loaders.destination.bigquery.ANSWERS_WITHIN_SECONDS", 0.1)
    refused = pytest.raises(WarehouseUnavailable, match=r"^bigquery project power in EU: .*[Rr]efused")
    with refused, BigQuery("power").lock([PN]):
        pass
    with refused, open_session(BigQuery("power")):
        pass


@pytest.mark.parametrize(
    "command", [["status"], ["status", "--errors"], ["verify"], ["show", "fct_lmp"], ["doctor"]], ids=" ".join
)
def test_a_command_that_looks_gives_a_dead_service_up_as_soon_as_a_load_does(command: list[str]) -> None:
    code = (
        "import sys; from loaders.cli import app; from loaders.destination import bigquery\n"
        "bigquery.ANSWERS_WITHIN_SECONDS = 0.1; app(sys.argv[1:])"
    )
    settings = {
        "MILLRACE_WAREHOUSE": "bigquery",
        "MILLRACE_BIGQUERY_PROJECT": "power",
        "BIGQUERY_EMULATOR_HOST": f"http://127.0.0.1:{closed_port()}",
    }
    environment = command_environment() | settings
    done = subprocess.run(
        [sys.executable, "-c", code, *command],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=100,  # Google's client alone would try for forty minutes
        check=False,
    )
    assert done.returncode == 1
    assert "bigquery project power in EU: ConnectionRefusedError" in done.stdout + done.stderr


def test_without_credentials_it_says_how_to_get_some(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
    with pytest.raises(
        WarehouseUnavailable, match=r"no Google credentials: run `gcloud auth application-default login`"
    ):
        google_credentials()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"client_email": "a@b"}', "is no key of a service account: .*missing"),
        ("{secret", "cannot be read; write the JSON"),
    ],
)
def test_a_key_that_is_none_is_named_and_not_repeated(monkeypatch: pytest.MonkeyPatch, text: str, said: str) -> None:
    monkeypatch.setenv("DESTINATION__BIGQUERY__CREDENTIALS", text)
    with pytest.raises(DeclarationError, match=said) as error:
        google_credentials()
    assert "secret" not in str(error.value).replace("secrets.toml", "")


def test_a_service_account_of_dlts_secrets_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".dlt").mkdir()
    (tmp_path / ".dlt" / "secrets.toml").write_text(
        "[destination.bigquery.credentials]\nclient_email = 'loader@power'\ntoken_uri = 'https://example.org'\n"
        f"private_key = '''{key.decode()}'''\n"
    )
    assert google_credentials().service_account_email == "loader@power"
