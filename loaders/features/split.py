"""Which rows are learned from: a split that is the same in every warehouse, in Python and on every day.

A hash split puts a row where the md5 of its key says, so the rows of one key stay together whatever else is in the
table. A temporal split puts it where its time says. Neither draws lots.
"""

import hashlib
from datetime import UTC, date, datetime, time
from typing import Annotated, Literal, Self

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, model_validator

from loaders.catalogue import Declaration
from loaders.features.columns import Kind

SPLITS = ("train", "val", "test")
BUCKETS = 10_000
HASHES = 1 << 32  # a key has two hashes of 32 bits: the first chooses its bucket, the second whether it is sampled


class HashSplit(Declaration):
    """Shares of the keys, by md5. `train` and `val` are shares of one; the rest is `test`."""

    kind: Literal["hash"] = "hash"
    seed: str = "millrace"
    train: float = Field(default=0.8, gt=0, lt=1)
    val: float = Field(default=0.1, ge=0, lt=1)

    @model_validator(mode="after")
    def _leaves_some(self) -> Self:
        if self.train + self.val > 1:
            raise ValueError(f"train {self.train:g} and val {self.val:g} are more than the whole")
        return self

    @property
    def bounds(self) -> tuple[int, int]:
        """The first bucket that is not train, and the first that is neither train nor val."""
        return round(self.train * BUCKETS), round((self.train + self.val) * BUCKETS)


class TemporalSplit(Declaration):
    """Everything before `val_from` is train, from `test_from` on it is test. A day stands for its midnight."""

    kind: Literal["temporal"] = "temporal"
    val_from: date | datetime
    test_from: date | datetime

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if _instant(self.val_from) > _instant(self.test_from):
            raise ValueError(f"val_from {self.val_from} is after test_from {self.test_from}")
        return self

    def bounds(self, kind: Kind) -> tuple[date | datetime, date | datetime]:
        """The boundaries as values of a column of that kind: days, or instants with or without their zone (UTC)."""
        if kind == "date":
            return _instant(self.val_from).date(), _instant(self.test_from).date()
        zone = UTC if kind == "instant" else None
        return _instant(self.val_from).replace(tzinfo=zone), _instant(self.test_from).replace(tzinfo=zone)


def _instant(at: date | datetime) -> datetime:
    if not isinstance(at, datetime):
        return datetime.combine(at, time(), tzinfo=UTC)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


Split = Annotated[HashSplit | TemporalSplit, Field(discriminator="kind")]


def key_hashes(seed: str, keys: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both hashes (int64, 0 to 2³² - 1) of every key: the md5 of `seed|key`, its first and its second 32 bits.

    `keys` are integers, text or dates, without nulls; a date is hashed as `2024-03-31`.
    """
    first, second = [], []
    prefix = f"{seed}|".encode()
    for key in keys.cast(pa.string()).cast(pa.binary()).to_pylist():
        digest = hashlib.md5(prefix + key, usedforsecurity=False).digest()
        first.append(int.from_bytes(digest[:4]))
        second.append(int.from_bytes(digest[4:8]))
    return pa.array(first, pa.int64()), pa.array(second, pa.int64())


def split_by_hash(split: HashSplit, hashes: pa.Array) -> pa.Array:
    """`train`, `val` or `test` for each first hash."""
    bucket = pc.subtract(hashes, pc.multiply(pc.divide(hashes, BUCKETS), BUCKETS))
    until_val, until_test = split.bounds
    return _named(pc.less(bucket, until_val), pc.less(bucket, until_test))


def split_by_time(split: TemporalSplit, times: pa.Array, kind: Kind) -> pa.Array:
    """`train`, `val` or `test` for each time."""
    val_from, test_from = (pa.scalar(at, times.type) for at in split.bounds(kind))
    return _named(pc.less(times, val_from), pc.less(times, test_from))


def _named(is_train: pa.Array, is_before_test: pa.Array) -> pa.Array:
    train, val, test = SPLITS
    return pc.if_else(is_train, train, pc.if_else(is_before_test, val, test))
