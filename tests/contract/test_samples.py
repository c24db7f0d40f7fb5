"""Samples of sources of files: generated, recognised whole, and loaded as if they were the user's own."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from loaders.catalogue import read_catalogue
from loaders.cli import app
from loaders.errors import DeclarationError
from loaders.files import find_files
from loaders.recognise import recognise
from loaders.sample import sample_files, write_sample
from tests.sandbox.markets import WRITERS
from tests.warehouses import Target

CATALOGUE = read_catalogue()
AUTUMN = date(2024, 11, 3)


@pytest.mark.parametrize("market", WRITERS)
def test_a_sample_has_files_of_every_dataset_and_no_others(market: str) -> None:
    source = CATALOGUE.source(market)
    with sample_files(market, [(AUTUMN, date(2024, 11, 4))]) as folder:
        found = recognise(source, find_files(folder))
    assert not Path(folder).exists()
    assert (found.by_dataset.keys(), found.unknown, found.unreadable) == (source.datasets.keys(), [], [])
    assert max(len(files) for files in found.by_dataset.values()) <= 6  # not the hundreds of a day


def test_a_sample_is_loaded_and_once_only(duckdb_file: Target) -> None:
    command = ["load", "--from", "2024-11-02", "--to", "2024-11-03", "--source", "nyiso", "--sample"]
    command += ["--dataset", "damlbmp"]
    first = CliRunner().invoke(app, command, env=duckdb_file.settings)
    assert first.exit_code == 0, first.output
    assert duckdb_file.count("nyiso__damlbmp") == (24 + 25) * 6
    again = CliRunner().invoke(app, command, env=duckdb_file.settings)
    assert "0 windows loaded, 4 done before" in again.output


def test_a_sample_is_written_for_days_and_datasets(tmp_path: Path) -> None:
    command = ["sample", "spp", "--out", str(tmp_path), "--days", "2", "--from", "2024-11-02", "--dataset", "da_mcp"]
    done = CliRunner().invoke(app, command)
    assert done.exit_code == 0, done.output
    assert "98 rows of 1 datasets in 2 days, 2 files" in done.output
    assert {path.name for path in tmp_path.iterdir()} == {"DA-MCP-202411020100.csv", "DA-MCP-202411030100.csv"}
    assert (tmp_path / "DA-MCP-202411030100.csv").read_bytes() == WRITERS["spp"]["da_mcp"](AUTUMN)[0].content


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["dvf"], "no sample files are generated for dvf; for openshift and the US markets they are"),
        (["spp", "--rows", "9"], "--rows and --csv are openshift's"),
        (["spp", "--days", "0"], "Invalid value for '--days'"),
        (["openshift", "--rows", "0"], "Invalid value for '--rows'"),
        (["spp", "--dataset", "nothing"], "no dataset 'nothing'"),
        (["nowhere"], "no sample files are generated for nowhere"),
    ],
)
def test_what_cannot_be_generated_is_said(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["sample", *arguments, "--out", str(tmp_path / "x")])
    assert (done.exit_code, (tmp_path / "x").exists()) == (1, False)
    assert said in done.output.replace("\n", " ")


def test_a_sample_of_no_source_of_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DeclarationError, match="no sample files are generated for elexon"):
        write_sample("elexon", tmp_path, 1)
