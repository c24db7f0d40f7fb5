"""The emulator serves, breaks off where a test asks for it, and says what is missing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

from tests.bigquery import emulator as module
from tests.bigquery.emulator import Emulator, EmulatorFailed


@pytest.fixture
def client(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[bigquery.Client]:
    monkeypatch.setenv("BIGQUERY_EMULATOR_HOST", emulator.host)
    with bigquery.Client("emulator-of-its-own", AnonymousCredentials()) as client:
        yield client


def test_it_answers_googles_own_client(client: bigquery.Client) -> None:
    [row] = client.query_and_wait("SELECT 6 * 7 AS answer")
    assert row["answer"] == 42


def test_without_its_environment_it_says_how_to_build_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PYTHON", tmp_path / "python")
    with pytest.raises(EmulatorFailed, match="run `task setup-emulator`"), Emulator(tmp_path):
        pass


def test_one_that_fails_its_own_test_does_not_serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SERVER", "tests.bigquery.uncorrected")
    failed = pytest.raises(EmulatorFailed, match=r"fails its own test: .* Is local-bigquery the pinned version\?")
    with failed, Emulator(tmp_path):
        pass


def test_by_hand_it_prints_what_reads_and_loads_need() -> None:
    command = [sys.executable, "-m", "tests.bigquery.emulator"]
    said = subprocess.run(command, input="", capture_output=True, text=True, check=True, cwd=module.ROOT).stdout
    exported = dict(word.split("=", 1) for word in said.split()[1:])
    assert exported.keys() == {
        "BIGQUERY_EMULATOR_HOST",
        "BIGQUERY_STORAGE_EMULATOR_HOST",
        "STORAGE_EMULATOR_HOST",
        "MILLRACE_WAREHOUSE",
        "GOOGLE_CLOUD_PROJECT",
    }
