"""A batch of raw rows as a batch of features: the streamed path, and the one that serves single requests."""

import pyarrow as pa
import pyarrow.compute as pc

from loaders.errors import SourceChanged
from loaders.features.columns import Column
from loaders.features.dialect import RADIANS
from loaders.features.fitted import Category, Cycle, Fit, Flag, Scaled
from loaders.features.split import TemporalSplit, key_hashes, split_by_hash, split_by_time

DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]


class Transformer:
    """Applies a fit. Holds nothing between batches.

    Batches have the fit's `inputs` as columns, in any order; others are ignored, since nothing was learned of them.
    """

    def __init__(self, fit: Fit) -> None:
        self._fit = fit

    def split(self, batch: pa.RecordBatch) -> pa.Array:
        """`train`, `val` or `test` for each row; null for a row that the fit's limit leaves out.

        Raises `SourceChanged` for a row without a key.
        """
        fit = self._fit
        keys = _value(batch, fit.key)
        if keys.null_count:
            raise SourceChanged(f"{fit.table}: {fit.key.name} is null in {keys.null_count:,} rows of a batch")
        if isinstance(fit.split, TemporalSplit):
            split = split_by_time(fit.split, keys, fit.key.kind)
            sampled = None if fit.sample_below is None else key_hashes(fit.sample_seed, keys)[1]
        else:
            first, sampled = key_hashes(fit.split.seed, keys)
            split = split_by_hash(fit.split, first)
        if fit.sample_below is None:
            return split
        return pc.if_else(pc.less(sampled, fit.sample_below), split, pa.scalar(None, pa.string()))

    def transform(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Key, target and features of the rows, none left out. Raises `SourceChanged` if a column is missing."""
        fit = self._fit
        columns = {one.name: _value(batch, one) for one in (fit.key, fit.target)}
        for scaled in fit.scaled:
            columns[scaled.column.name] = _scale(scaled, _real(batch, scaled.column))
        for flag in fit.flags:
            columns[flag.column.name] = _fill(flag, _real(batch, flag.column))
        for category in fit.categories:
            columns |= zip(category.outputs, _encode(category, _text(batch, category.column)), strict=True)
        for cycle in fit.cycles:
            columns |= zip(cycle.outputs, _circle(cycle, _value(batch, cycle.column), fit.time_zone), strict=True)
        return pa.RecordBatch.from_pydict(columns)


def _value(batch: pa.RecordBatch, column: Column) -> pa.Array:
    position = batch.schema.get_field_index(column.name)
    if position < 0:
        raise SourceChanged(f"the fit knows a column {column.name} that is not in the rows; fit again")
    return batch.column(position)


def _real(batch: pa.RecordBatch, column: Column) -> pa.Array:
    """The column as doubles; what is not finite is null."""
    values = _value(batch, column)
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    reals = values.cast(pa.float64(), safe=False)
    return pc.if_else(pc.is_finite(reals), reals, pa.scalar(None, pa.float64()))


def _text(batch: pa.RecordBatch, column: Column) -> pa.Array:
    return _value(batch, column).cast(pa.string())


def _fill(learned: Scaled | Flag, values: pa.Array) -> pa.Array:
    return pc.fill_null(values, pa.scalar(learned.median, pa.float64()))


def _scale(learned: Scaled, values: pa.Array) -> pa.Array:
    return pc.divide(pc.subtract(_fill(learned, values), learned.mean), learned.scale)


def _encode(learned: Category, values: pa.Array) -> list[pa.Array]:
    """A column of 0 and 1 (int8) for each known value, and one for the others if the fit has it."""
    place = pc.index_in(values, pa.array(learned.vocabulary, pa.string()))
    known = [pc.fill_null(pc.equal(place, number), False) for number in range(len(learned.vocabulary))]
    if learned.has_other:
        known.append(pc.and_(pc.is_null(place), pc.is_valid(values)))
    return [column.cast(pa.int8()) for column in known]


def _circle(learned: Cycle, values: pa.Array, time_zone: str) -> list[pa.Array]:
    if learned.column.kind == "instant":
        values = pc.local_timestamp(values.cast(pa.timestamp("us", tz=time_zone)))
    columns = []
    for part in learned.parts:
        angle = pc.multiply(float(RADIANS), _turn(part, values))
        columns += [pc.fill_null(wave(angle), 0.0) for wave in (pc.sin, pc.cos)]
    return columns


def _turn(part: str, values: pa.Array) -> pa.Array:
    """How much of a day, week, month or year has passed, as a share."""
    if part == "hour":
        return _share(pc.hour(values), 24)
    if part == "dayofweek":
        return _share(pc.day_of_week(values), 7)  # Monday is 0
    month = pc.subtract(pc.month(values), 1)
    if part == "month":
        return _share(month, 12)
    is_leap_february = pc.and_(pc.equal(month, 1), pc.is_leap_year(values))
    days = pc.add(pc.take(pa.array(DAYS), month), is_leap_february.cast(pa.int64()))
    return _share(pc.subtract(pc.day(values), 1), days)


def _share(position: pa.Array, period: int | pa.Array) -> pa.Array:
    period = period.cast(pa.float64()) if isinstance(period, pa.Array) else float(period)
    return pc.divide(position.cast(pa.float64()), period)
