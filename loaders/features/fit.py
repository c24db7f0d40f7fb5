"""Learning from the training rows: types, split, what is dropped and why, and the numbers of every column.

Nothing of it is downloaded: the warehouse computes, and what comes back is a few numbers for each column.
"""

import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from loaders.errors import DeclarationError
from loaders.features import statistics
from loaders.features.columns import NAMES, NUMBERS, TIMES, Column, Unusable
from loaders.features.fitted import Category, Cycle, Fit, Flag, Scaled
from loaders.features.split import HASHES, SPLITS, HashSplit, Split, TemporalSplit
from loaders.features.store import Store

SPLIT_COLUMN = "split"  # the folder's, or the table's: no other column may have that name
COARSE = 1 << 16  # hashes are counted by their upper 16 bits first, and then within one of those groups


@dataclass(frozen=True)
class Wishes:
    """What the user asks for. Shares are of rows; `limit` is a number of rows."""

    target_column: str
    index_col: str
    force_categorical_columns: Sequence[str] = ()
    drop_columns: Sequence[str] = ()
    high_null_threshold: float = 0.9
    limit: int | None = None
    split: HashSplit | TemporalSplit | None = None
    max_categories: int = 50
    other: bool = False  # a column for known values beyond the most frequent, and for unseen ones
    time_zone: str = "UTC"  # in which hours and days are read off an instant
    seed: str = "millrace"


class Roles(NamedTuple):
    """What becomes of each column."""

    key: Column
    target: Column
    numbers: list[Column]
    flags: list[Column]
    categories: list[Column]
    cycles: list[Column]

    @property
    def inputs(self) -> list[Column]:
        return [*self.numbers, *self.flags, *self.categories, *self.cycles]


def fit(store: Store, table: str, wishes: Wishes) -> Fit:
    """Learn the features of a table from its training rows.

    Raises `DeclarationError` when a wish cannot be met: a column that is not there or cannot be used, a name that two
    features would have, an empty split. Raises `WarehouseUnavailable` when the warehouse does not answer.
    """
    _check_time_zone(wishes.time_zone)
    roles = _roles(store, table, wishes)
    name, dialect = store.name(table), store.dialect
    split = wishes.split or _default_split(store, table, roles.key, wishes.seed)
    _check_split(split, roles.key)
    seed = split.seed if isinstance(split, HashSplit) else wishes.seed
    sample_below = None if wishes.limit is None else _sample_bound(store, table, roles.key, seed, wishes.limit)
    sampled = dialect.is_sampled(seed, roles.key, sample_below)
    rows = _count_splits(store, table, roles, split, sampled)
    train = f"{dialect.is_train(split, roles.key)} AND {sampled}"

    total, observed = statistics.count_values(store, name, [_plain(store, one) for one in roles.inputs], train)
    shares = {one.path: 1 - count / total for one, count in zip(roles.inputs, observed, strict=True)}
    dropped = {
        one.name: "no value in the training rows" if share == 1 else f"{share:.4f} of the training rows are null"
        for one in roles.inputs
        if (share := shares[one.path]) == 1 or share > wishes.high_null_threshold
    }

    def kept(columns: Iterable[Column]) -> list[Column]:
        return [column for column in columns if column.name not in dropped]

    scaled, flags = _fit_numbers(store, table, kept(roles.numbers), kept(roles.flags), train, total)
    learned = Fit(
        table=table,
        warehouse=dialect.name,
        fitted_at=datetime.now(UTC),
        key=roles.key,
        target=roles.target,
        split=split,
        sample_seed=seed,
        sample_below=sample_below,
        time_zone=wishes.time_zone,
        rows=rows,
        scaled=tuple(scaled),
        flags=tuple(flags),
        categories=tuple(_fit_categories(store, name, kept(roles.categories), train, wishes, shares)),
        cycles=tuple(Cycle(column=one, null_share=shares[one.path]) for one in kept(roles.cycles)),
        dropped=dropped | dict.fromkeys(wishes.drop_columns, "as asked"),
    )
    _check_names(learned)
    return learned


def _check_time_zone(name: str) -> None:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:  # the second of what is a path outside of the database
        raise DeclarationError(f"no time zone {name!r}; write one as Europe/London") from error


def _roles(store: Store, table: str, wishes: Wishes) -> Roles:
    found = store.columns(table)
    # A struct can be dropped as a whole, by its own name.
    names = {column.name for column in found} | {column.path[0] for column in found}
    # Of a field and a column with one name, the one that stays is meant.
    by_name = {column.name: column for column in sorted(found, key=lambda one: one.path[0] not in wishes.drop_columns)}
    uses = {
        "target_column": [wishes.target_column],
        "index_col": [wishes.index_col],
        "force_categorical_columns": wishes.force_categorical_columns,
        "drop_columns": wishes.drop_columns,
    }
    for name in dict.fromkeys(name for asked in uses.values() for name in asked):
        if name not in names:
            near = difflib.get_close_matches(name, names, n=3) or sorted(names)[:8]
            raise DeclarationError(f"{table} has no column {name!r}; did you mean {' or '.join(near)}?")
    key = _usable(table, by_name.get(wishes.index_col), wishes.index_col)
    target = _usable(table, by_name.get(wishes.target_column), wishes.target_column)
    if key == target:
        raise DeclarationError(f"{table}: {key.name!r} is both the target and the index; a target cannot name a row")
    for name in dict.fromkeys(name for asked in uses.values() for name in asked):
        if len(places := [use for use, asked in uses.items() if name in asked]) > 1:
            raise DeclarationError(f"{table}: {name!r} is named as {' and as '.join(places)}; it can be one of them")
    dropped = {*wishes.drop_columns}
    kept = [column for column in found if column.name not in dropped and column.path[0] not in dropped]
    _check_columns(table, kept)
    left = [column for column in kept if column.path not in (key.path, target.path)]
    if unusable := [column for column in left if isinstance(column, Unusable)]:
        listed = ", ".join(f"{column.name} ({column.type})" for column in unusable)
        raise DeclarationError(f"{table}: no feature can be made of {listed}; name them in drop_columns")
    usable = [column for column in left if isinstance(column, Column)]
    for name in wishes.force_categorical_columns:
        if name not in by_name:
            fields = ", ".join(column.name for column in usable if column.path[0] == name)
            raise DeclarationError(
                f"{table}: {name} is a struct; to take it as a category name one of its fields, {fields}"
            )
    forced = [column for column in usable if column.name in wishes.force_categorical_columns]
    for column in forced:
        if column.kind not in NAMES:
            raise DeclarationError(
                f"{table}: {column.name} is {column.kind}, whose text differs between warehouses, so it cannot be a "
                "category; cast it to text or to an integer in a view"
            )
    free = [column for column in usable if column not in forced]
    roles = Roles(
        key,
        target,
        numbers=[column for column in free if column.kind in NUMBERS],
        flags=[column for column in free if column.kind == "boolean"],
        categories=[column for column in usable if column in forced or column.kind == "text"],
        cycles=[column for column in free if column.kind in TIMES],
    )
    if not roles.inputs:
        raise DeclarationError(f"{table}: no column is left to make features of")
    return roles


def _check_columns(table: str, columns: Iterable[Column | Unusable]) -> None:
    """Raise `DeclarationError` if a field of a struct has the name of another column: nothing could tell them apart."""
    seen: dict[str, Column | Unusable] = {}
    for column in columns:
        other = seen.setdefault(column.name, column)
        if other.path != column.path:
            struct = next(one.path[0] for one in (other, column) if len(one.path) > 1)
            raise DeclarationError(
                f"{table}: {'.'.join(other.path)} and {'.'.join(column.path)} would both be {column.name!r}; name the "
                f"struct {struct} in drop_columns, or rename one"
            )


def _usable(table: str, column: Column | Unusable | None, name: str) -> Column:
    if not isinstance(column, Column):
        type_ = column.type if column else "a struct"
        raise DeclarationError(f"{table}: {name} is {type_}; the target and the index have to be single plain values")
    return column


def _default_split(store: Store, table: str, key: Column, seed: str) -> Split:
    """By hash; or by time for a key that is one: the first days with 80 % of the rows, then 10 %, then the rest.

    A day is never divided, so that rows of one day do not tell of each other across the splits.
    """
    if key.kind not in TIMES:
        return HashSplit(seed=seed)
    day = store.dialect.day(key)
    counts = store.query(
        f"SELECT c0, COUNT(*) FROM ({statistics.source(store.name(table), [day], 'TRUE')}) AS s WHERE c0 IS NOT NULL "
        "GROUP BY c0 ORDER BY c0"
    )
    if len(counts) < len(SPLITS):
        raise DeclarationError(f"{table}: {key.name} has {len(counts)} days, too few for a split by time; give `split`")
    days = [day for day, _ in counts if isinstance(day, date)]
    total, passed = sum(int(str(count)) for _, count in counts), 0
    bounds: list[date] = []
    for day_, (_, count) in zip(days, counts, strict=True):
        passed += int(str(count))
        while len(bounds) < 2 and passed >= total * (0.8, 0.9)[len(bounds)]:
            if day_ == date.max:
                raise DeclarationError(
                    f"{table}: {key.name} ends with {day_}, and nothing can come after it; take those rows out in a "
                    "view, or give `split`"
                )
            bounds.append(day_ + timedelta(days=1))
    return TemporalSplit(val_from=bounds[0], test_from=bounds[1])


def _check_split(split: Split, key: Column) -> None:
    if isinstance(split, TemporalSplit) and key.kind not in TIMES:
        raise DeclarationError(f"index_col {key.name} is {key.kind}; a temporal split needs a date or a timestamp")
    if isinstance(split, HashSplit) and key.kind not in NAMES:
        raise DeclarationError(
            f"index_col {key.name} is {key.kind}, whose text differs between warehouses, so it cannot be hashed; take "
            "an integer, a text or a date, or a temporal split"
        )


def _sample_bound(store: Store, table: str, key: Column, seed: str, limit: int) -> int:
    """The greatest bound below which at most `limit` rows have their key's second hash: two scans, no sort.

    The rows below it are the same ones each time, in every warehouse.
    """
    if key.kind not in NAMES:
        raise DeclarationError(f"limit chooses rows by a hash of index_col, and {key.name} is {key.kind}; cast it")
    hash_ = store.dialect.hash(seed, key, 1)
    coarse = f"({hash_} - MOD({hash_}, {COARSE}))"
    before, bound = 0, HASHES
    for width, where in ((COARSE, "TRUE"), (1, f"{coarse} = {{bound}}")):
        group = coarse if width > 1 else hash_
        hashes = statistics.source(store.name(table), [group], where.format(bound=bound))
        counts = store.query(f"SELECT c0, COUNT(*) FROM ({hashes}) AS s WHERE c0 IS NOT NULL GROUP BY c0 ORDER BY c0")
        bound = HASHES if width > 1 else bound + COARSE
        for start, count in counts:
            if before + int(str(count)) > limit:
                bound = int(str(start))
                break
            before += int(str(count))
        if bound == HASHES:
            break
    return bound


def _count_splits(store: Store, table: str, roles: Roles, split: Split, sampled: str) -> dict[str, int]:
    """Rows of each split. Raises `DeclarationError` when a row has no key or nothing can be learned."""
    dialect = store.dialect
    key, target = dialect.column(roles.key), dialect.column(roles.target)
    expressions = [dialect.split(split, roles.key), key, target]
    counts = store.query(
        f"SELECT CASE WHEN c1 IS NULL THEN NULL ELSE c0 END, COUNT(*), COUNT(c2) "
        f"FROM ({statistics.source(store.name(table), expressions, f'{sampled} OR {key} IS NULL')}) AS s GROUP BY 1"
    )
    rows = {name: int(str(count)) for name, count, _ in counts}
    if without := rows.pop(None, 0):
        raise DeclarationError(f"{table}: {roles.key.name} is null in {without:,} rows, so they belong to no split")
    if not rows.get("train"):
        said = f"{sum(rows.values()):,} rows, none of them for training" if rows else "the table has no rows"
        raise DeclarationError(f"{table}: {said}; give another split or limit")
    if not any(int(str(observed)) for name, _, observed in counts if name == "train"):
        raise DeclarationError(f"{table}: the target {roles.target.name} is null in every training row")
    return {str(name): rows.get(name, 0) for name in SPLITS}


def _plain(store: Store, column: Column) -> str:
    """A value as it is counted: what is not finite is none."""
    return store.dialect.real(column) if column.kind in NUMBERS else store.dialect.column(column)


def _fit_numbers(
    store: Store, table: str, numbers: list[Column], flags: list[Column], train: str, rows: int
) -> tuple[list[Scaled], list[Flag]]:
    columns, name = [*numbers, *flags], store.name(table)
    if not columns:
        return [], []
    expressions = [store.dialect.real(column) for column in columns]
    moments = [known for known in statistics.moments(store, name, expressions, train) if known is not None]
    if beyond := [column.name for column, known in zip(columns, moments, strict=True) if known.is_beyond]:
        raise DeclarationError(
            f"{table}: values of {', '.join(beyond)} are beyond ±{statistics.LARGEST:g}, of which doubles hold no "
            "variance; name them in drop_columns, or, where such a value stands for a missing one, make it null in a "
            "view"
        )
    wanted = [
        statistics.Ranked(expression, statistics.median_ranks(known.observed), known)
        for expression, known in zip(expressions, moments, strict=True)
    ]
    medians = [(low + high) / 2 for low, high in statistics.values_at(store, name, wanted, train)]
    measured = list(zip(columns, moments, medians, strict=True))
    scaled = [
        Scaled.of(column, rows, known.observed, known.mean, known.variance, median)
        for column, known, median in measured[: len(numbers)]
    ]
    return scaled, [
        Flag(column=column, median=median, null_share=1 - known.observed / rows)
        for column, known, median in measured[len(numbers) :]
    ]


def _fit_categories(
    store: Store,
    table: str,
    columns: list[Column],
    train: str,
    wishes: Wishes,
    shares: dict[tuple[str, ...], float],
) -> list[Category]:
    if not columns:
        return []
    expressions = [store.dialect.text(column) for column in columns]
    found = statistics.most_frequent(store, table, expressions, train, wishes.max_categories)
    return [
        Category(
            column=column,
            vocabulary=tuple(vocabulary),
            outputs=[f"{column.name}_{cleaned(value)}" for value in vocabulary]
            + ([f"{column.name}__other"] if wishes.other else []),
            has_other=wishes.other,
            null_share=shares[column.path],
        )
        for column, vocabulary in zip(columns, found, strict=True)
    ]


def cleaned(value: str) -> str:
    """A value as part of a column's name."""
    return re.sub(r"[^0-9a-zA-Z_]", "_", value)


def _check_names(learned: Fit) -> None:
    """Raise `DeclarationError` if two columns would have one name: warehouses do not tell A from a."""
    origins: dict[str, list[str]] = {SPLIT_COLUMN: ["the split itself"]}
    for column in (learned.key, learned.target):
        origins.setdefault(column.name.lower(), []).append(f"column {column.name}")
    for category in learned.categories:
        values = [*map(repr, category.vocabulary), "other values"]
        for name, value in zip(category.outputs, values, strict=False):
            origins.setdefault(name.lower(), []).append(f"{value} of {category.column.name}")
    for one in learned.learned:
        for name in () if isinstance(one, Category) else one.outputs:
            origins.setdefault(name.lower(), []).append(f"column {one.column.name}")
    for name, sources in origins.items():
        if len(sources) > 1:
            raise DeclarationError(
                f"{learned.table}: {' and '.join(sources)} would both be the feature {name!r}; drop or rename one, or "
                "lower max_categories"
            )
