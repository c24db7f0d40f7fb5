"""Hashes on disk: which of them repeat, whatever their number."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pytest

from loaders import hashes
from loaders.hashes import Hashes, Latest
from loaders.hashes import hashes as row_hashes


@pytest.mark.parametrize("at_once", [50, 1_000, 100_000])
def test_the_repeated_ones_are_found_however_often_they_are_split(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(hashes, "COMPARED_AT_ONCE", at_once)
    draw = random.Random(1)
    values = [draw.randrange(-(1 << 63), 1 << 63) for _ in range(3_000)] + [7, -7, 0] * 3
    values += values[100:200]
    draw.shuffle(values)
    found = Hashes(tmp_path / "hashes")
    for start in range(0, len(values), 500):
        found.add(pa.array(values, pa.int64())[start : start + 500])
    copied = found.copy()
    assert sorted(found.repeated()) == sorted(one for one, count in Counter(values).items() if count > 1)
    assert [one for block in copied.blocks() for one in block.to_pylist()] == values
    assert [path.name for path in tmp_path.iterdir()] == ["hashes-copy"]


def test_none_repeat_in_nothing(tmp_path: Path) -> None:
    empty = Hashes(tmp_path / "hashes")
    assert list(empty.copy().repeated()) == list(empty.blocks()) == []
    many = Hashes(tmp_path / "same")
    many.add(pa.array([5] * 1_000, pa.int64()))
    assert list(many.repeated()) == [5]


def test_the_last_owner_of_a_hash_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hashes, "BLOCK_BYTES", 8 * 64)
    draw = random.Random(2)
    owned = [(draw.randrange(-300, 300), owner) for owner in range(5) for _ in range(100)]
    found, owners = Hashes(tmp_path / "hashes"), Hashes(tmp_path / "owners")
    for one, owner in owned:
        found.add(pa.array([one], pa.int64()))
        owners.add(pa.array([owner], pa.int64()))
    last = dict(owned)
    latest = Latest(found, owners)
    for owner in range(5):
        mine = [one for one, whose in owned if whose == owner]
        assert latest.owns(pa.array(mine, pa.int64()), owner).to_pylist() == [last[one] == owner for one in mine]


def test_what_comes_once_is_its_owners(tmp_path: Path) -> None:
    found, owners = Hashes(tmp_path / "hashes"), Hashes(tmp_path / "owners")
    assert not Latest(found, owners)
    found.add(pa.array([3, 4], pa.int64()))
    owners.add(pa.array([0, 1], pa.int64()))
    latest = Latest(found, owners)
    assert not latest
    assert latest.owns(pa.array([4, 3], pa.int64()), 1).to_pylist() == [True, True]


def test_rows_have_one_hash_exactly_if_they_have_the_same_values() -> None:
    places = [None, "", "a", "b", "ab"]
    rows = [(place, at, day) for place in places for at in (None, 0, 1, 3_600_000_000) for day in (0, 1)]
    schema = pa.schema([("place", pa.string()), ("at", pa.timestamp("us", tz="UTC")), ("day", pa.date32())])
    batch = pa.record_batch(
        [pa.array(one, kind.type) for one, kind in zip(zip(*rows, strict=True), schema, strict=True)], schema
    )
    found = row_hashes(batch, schema.names)
    assert (found.null_count, len(found.unique())) == (0, len(rows))
    backwards = batch.take(pa.array(reversed(range(len(rows)))))
    assert row_hashes(backwards, schema.names).to_pylist() == found.to_pylist()[::-1]
    assert row_hashes(batch.slice(7), schema.names) == found.slice(7)
    assert row_hashes(batch, ["at", "day", "place"]) != found
