"""Hashes on disk: which of them repeat, whatever their number."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pytest

from loaders import hashes
from loaders.hashes import Hashes


@pytest.mark.parametrize("at_once", [50, 1_000, 100_000])
def test_the_repeated_ones_are_found_however_often_they_are_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(hashes, "SORTED_AT_ONCE", at_once)
    draw = random.Random(1)
    values = [draw.randrange(-(1 << 63), 1 << 63) for _ in range(3_000)] + [7, -7, 0] * 3
    values += values[100:200]
    draw.shuffle(values)
    found = Hashes(tmp_path / "hashes")
    for start in range(0, len(values), 500):
        found.add(values[start : start + 500])
    copied = found.copy()
    assert sorted(found.repeated()) == sorted(one for one, count in Counter(values).items() if count > 1)
    assert list(copied) == values
    assert [path.name for path in tmp_path.iterdir()] == ["hashes-copy"]


def test_none_repeat_in_nothing(tmp_path: Path) -> None:
    empty = Hashes(tmp_path / "hashes")
    assert list(empty.copy().repeated()) == list(empty) == []
    many = Hashes(tmp_path / "same")
    many.add([5] * 1_000)
    assert list(many.repeated()) == [5]
