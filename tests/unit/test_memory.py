"""What a loading process says of its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.loads import ROOT

SAY_PEAK = "from loaders.memory import peak_mb; print(peak_mb())"


def test_the_peak_of_a_process_is_its_own_and_not_that_of_whoever_started_it() -> None:
    large = bytearray(400_000_000)
    large[::4096] = b"x" * len(large[::4096])  # touched, so that it is held
    said = subprocess.run([sys.executable, "-c", SAY_PEAK], cwd=ROOT, capture_output=True, text=True, check=True)
    assert 5 < float(said.stdout) < 100


def test_the_peak_counts_what_was_given_back() -> None:
    code = f"large = bytearray(200_000_000); large[::4096] = b'x' * len(large[::4096]); del large; {SAY_PEAK}"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(said.stdout) > 200


@pytest.mark.parametrize("name", ["pandas", "numpy", "sqlalchemy"])
def test_what_is_large_and_not_used_stays_out_of_a_loading_process(name: str) -> None:
    code = f"from loaders.memory import keep_flat; keep_flat(); import {name}"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)
    assert f"{name} is kept out of a loading process" in said.stderr


def test_arrow_gives_back_what_it_frees() -> None:
    code = "from loaders.memory import keep_flat; keep_flat(); import pyarrow as pa; print(pa.default_memory_pool())"
    said = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert "system" in said.stdout
