"""Statistics of the training rows, computed where the rows are: a few scans, whatever the number of columns."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol, TypeVar

from loaders.errors import WarehouseUnavailable
from loaders.features.dialect import Dialect

COLUMNS_PER_SCAN = 100  # a warehouse has a limit on the columns of a result: 1,664 in Postgres, and six are asked for

# Beyond it a variance leaves the range of doubles: Postgres squares the sum of the rows so far, up to 1e13 of them.
LARGEST = 1e140

# Quantiles between which the median is looked for, narrow and then wide, so that few rows have to be ordered.
NARROW, WIDE = (0.497, 0.503), (0.45, 0.55)
POINTS = (WIDE[0], *NARROW, WIDE[1])

Row = tuple[object, ...]
Item = TypeVar("Item")


class Queryable(Protocol):
    """A warehouse that answers SQL."""

    @property
    def dialect(self) -> Dialect: ...

    def query(self, sql: str) -> list[tuple[object, ...]]: ...


class Moments(NamedTuple):
    """Of a column's values as doubles: how many, their mean and population variance, least and greatest.

    Mean and variance are of no use where a value `is_beyond` what they can be computed of.
    `about` are estimates of the four quantiles of WIDE and NARROW in ascending order, where the warehouse has them.
    """

    observed: int
    mean: float
    variance: float
    least: float
    greatest: float
    about: tuple[float, ...] | None

    @property
    def is_beyond(self) -> bool:
        """True if a value is beyond LARGEST, whichever its sign."""
        return max(-self.least, self.greatest) > LARGEST


def source(table: str, expressions: Sequence[str], where: str) -> str:
    """SELECT of the expressions as c0, c1 ... over the rows that `where` keeps."""
    wanted = ", ".join(f"{expression} AS c{number}" for number, expression in enumerate(expressions)) or "1 AS c0"
    return f"SELECT {wanted} FROM {table} AS t WHERE {where}"


def count_values(store: Queryable, table: str, expressions: Sequence[str], where: str) -> tuple[int, list[int]]:
    """How many rows, and how many values that are not null of each expression."""
    rows, counts = 0, []
    for some in _chunks(expressions):
        wanted = "".join(f", COUNT(c{number})" for number in range(len(some)))
        [(found, *observed)] = store.query(f"SELECT COUNT(*){wanted} FROM ({source(table, some, where)}) AS s")
        rows = _integer(found)
        counts += [_integer(count) for count in observed]
    return rows, counts


def moments(store: Queryable, table: str, expressions: Sequence[str], where: str) -> list[Moments | None]:
    """The moments of each expression, a double; None for one without a value."""
    found: list[Moments | None] = []
    for some in _chunks(expressions):
        wanted = ", ".join(_moments_of(store.dialect, f"c{number}") for number in range(len(some)))
        [row] = store.query(f"SELECT {wanted} FROM ({source(table, some, where)}) AS s")
        found += [_read_moments(store.dialect, row[start : start + 6]) for start in range(0, len(row), 6)]
    return found


def _moments_of(dialect: Dialect, value: str) -> str:
    about = dialect.quantiles_about(value, POINTS) or "NULL"
    bounded = f"CASE WHEN ABS({value}) <= {dialect.number(LARGEST)} THEN {value} END"  # or the whole query would fail
    return f"COUNT({value}), {dialect.mean(bounded)}, VAR_POP({bounded}), MIN({value}), MAX({value}), {about}"


def _read_moments(dialect: Dialect, cells: Row) -> Moments | None:
    observed, mean, variance, least, greatest, about = cells
    if not observed:
        return None
    points = None
    if isinstance(about, list | tuple):
        points = dialect.pick_quantiles([_double(point) for point in about], POINTS)
    mean, variance = (math.nan if cell is None else _double(cell) for cell in (mean, variance))  # of none within bounds
    return Moments(_integer(observed), mean, variance, _double(least), _double(greatest), points)


class Ranked(NamedTuple):
    """Look for the values at these ranks (0 is the least) of an expression, of which the moments are known."""

    expression: str
    ranks: tuple[int, int]
    moments: Moments


def median_ranks(observed: int) -> tuple[int, int]:
    """The two middle ranks, which are one for an odd number of values. The median is the mean of their values."""
    return (observed - 1) // 2, observed // 2


def values_at(store: Queryable, table: str, wanted: Sequence[Ranked], where: str) -> list[tuple[float, float]]:
    """The exact values at the ranks. No column is sorted where the warehouse has estimates to begin with.

    Between two estimates lie few values; they are counted by value, and all below them at once, so that the ranks are
    found by running sums. Where a rank is not between the estimates, wider ones are taken, and in the end all values.
    """
    found: list[tuple[float, float]] = []
    for some in _chunks(wanted):
        found += (
            _sorted(store, table, some, where)
            if some[0].moments.about is None
            else _bracketed(store, table, some, where)
        )
    return found


def _sorted(store: Queryable, table: str, wanted: Sequence[Ranked], where: str) -> list[tuple[float, float]]:
    """By the warehouse's own sort, which goes to its disk."""
    # (rank + ½) / n is safely between the shares of the rank and of the one below it.
    cells = ", ".join(
        f"percentile_disc(ARRAY[{', '.join(f'{(rank + 0.5) / one.moments.observed!r}' for rank in one.ranks)}]) "
        f"WITHIN GROUP (ORDER BY c{number})"
        for number, one in enumerate(wanted)
    )
    [row] = store.query(f"SELECT {cells} FROM ({source(table, [one.expression for one in wanted], where)}) AS s")
    return [(_double(pair[0]), _double(pair[1])) for pair in row if isinstance(pair, list | tuple)]


def _bracketed(store: Queryable, table: str, wanted: Sequence[Ranked], where: str) -> list[tuple[float, float]]:
    found: dict[int, tuple[float, float]] = {}
    for attempt in range(3):
        left = {number: one for number, one in enumerate(wanted) if number not in found}
        if left:
            answers = store.query(_inside(store.dialect, table, list(left.values()), where, attempt))
            for place, below, low, high in answers:
                number = list(left)[_integer(place)]
                if _integer(below) <= wanted[number].ranks[0] and low is not None and high is not None:
                    found[number] = _double(low), _double(high)
    if len(found) < len(wanted):
        raise WarehouseUnavailable(f"{table} changed while it was read; run the same command again")
    return [found[number] for number in range(len(wanted))]


def _inside(dialect: Dialect, table: str, wanted: Sequence[Ranked], where: str, attempt: int) -> str:
    """Per expression: its place, how many values are below the bracket, and the values at both ranks inside of it."""
    brackets = [_bracket(one.moments, attempt) for one in wanted]
    lows = _case([dialect.number(low) for low, _ in brackets])
    highs = _case([dialect.number(high) for _, high in brackets])
    first, second = (_case([str(one.ranks[place]) for one in wanted]) for place in (0, 1))
    columns = [f"c{number}" for number in range(len(wanted))]
    values = dialect.unpivot(source(table, [one.expression for one in wanted], where), columns)
    return (
        "SELECT i, COALESCE(MAX(CASE WHEN v IS NULL THEN upto END), 0), "
        f"MIN(CASE WHEN upto > {first} THEN v END), MIN(CASE WHEN upto > {second} THEN v END) "
        "FROM (SELECT i, v, SUM(n) OVER (PARTITION BY i ORDER BY v NULLS FIRST) AS upto FROM ("
        f"SELECT i, CASE WHEN v < {lows} THEN NULL ELSE v END AS v, COUNT(*) AS n FROM ({values}) AS u "
        f"WHERE v <= {highs} GROUP BY 1, 2) AS g) AS r GROUP BY i"
    )


def _bracket(known: Moments, attempt: int) -> tuple[float, float]:
    assert known.about is not None
    wide_low, low, high, wide_high = known.about
    return [(low, high), (wide_low, wide_high), (known.least, known.greatest)][attempt]


def _case(values: Sequence[str]) -> str:
    whens = " ".join(f"WHEN {number} THEN {value}" for number, value in enumerate(values))
    return f"CASE i {whens} END"


def most_frequent(store: Queryable, table: str, expressions: Sequence[str], where: str, most: int) -> list[list[str]]:
    """The `most` most frequent values of each text expression, by count and then in the order of their bytes."""
    found: list[list[str]] = [[] for _ in expressions]
    for start in range(0, len(expressions), COLUMNS_PER_SCAN):
        some = expressions[start : start + COLUMNS_PER_SCAN]
        columns = [f"c{number}" for number in range(len(some))]
        values = store.dialect.unpivot(source(table, some, where), columns)
        order = f"n DESC, {store.dialect.name_order('v')}"
        rows = store.query(
            f"SELECT i, v, place FROM (SELECT i, v, ROW_NUMBER() OVER (PARTITION BY i ORDER BY {order}) AS place "
            f"FROM (SELECT i, v, COUNT(*) AS n FROM ({values}) AS u WHERE v IS NOT NULL GROUP BY 1, 2) AS g) AS r "
            f"WHERE place <= {most} ORDER BY i, place"
        )
        for place, value, _ in rows:
            found[start + _integer(place)].append(str(value))
    return found


def _chunks(items: Sequence[Item]) -> Iterator[Sequence[Item]]:
    """At least one, so that rows are counted where there is no column."""
    for start in range(0, max(len(items), 1), COLUMNS_PER_SCAN):
        yield items[start : start + COLUMNS_PER_SCAN]


def _integer(cell: object) -> int:
    return int(cell)  # type: ignore[call-overload, no-any-return]  # what a driver gives for a count


def _double(cell: object) -> float:
    return float(cell)  # type: ignore[arg-type]  # what a driver gives for a number
