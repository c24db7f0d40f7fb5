"""What the tests of one dataset load: it alone, or nobody would run them after each line of its declaration."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.loads import ROOT, command_environment, ledger
from tests.warehouses import DuckDBTarget


@pytest.mark.parametrize(
    ("test", "label"),
    [
        ("contract/test_every_dataset.py::test_the_same_answer_has_the_same_checksum", "elexon.fuelhh"),
        ("contract/test_every_market_dataset.py::test_offering_its_files_again_changes_nothing", "spp.da_lmp"),
        (
            "faults/test_publisher_faults.py::test_a_publisher_that_ignores_the_window_is_found_out_in_every_dataset",
            "elexon.fuelhh",
        ),
    ],
    ids=["elexon", "markets", "faults"],
)
def test_the_tests_of_a_dataset_load_no_other(tmp_path: Path, test: str, label: str) -> None:
    command = [sys.executable, "-m", "pytest", f"tests/{test}", "-k", label, "--basetemp", str(tmp_path / "base")]
    environment = {name: text for name, text in command_environment().items() if not name.startswith("PYTEST_")}
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    loaded = {
        f"{entry['source']}.{entry['dataset']}"
        for path in tmp_path.rglob("*.duckdb")
        for entry in ledger(DuckDBTarget.at(path))
    }
    assert loaded == {label}
