"""The same expressions in the SQL of three warehouses. A test holds each against Python and against the others."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import date, datetime
from typing import ClassVar

from loaders.features.columns import Column
from loaders.features.split import BUCKETS, SPLITS, HashSplit, Split, TemporalSplit

TABLE = "t"  # what every query calls the table that it reads
RADIANS = "6.283185307179586"  # of a full circle: as Python's 2 * pi, since BigQuery has no PI()


class Dialect(ABC):
    """One warehouse's SQL. Every method gives an expression over a row of the table."""

    name: ClassVar[str]
    quote: ClassVar[str] = '"'
    real_type: ClassVar[str] = "DOUBLE PRECISION"
    text_type: ClassVar[str] = "VARCHAR"
    longest_name: ClassVar[int] = 300  # of a column

    def identifier(self, name: str) -> str:
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def column(self, column: Column) -> str:
        return ".".join([TABLE, *map(self.identifier, column.path)])

    def literal(self, text: str) -> str:
        return "'" + text.replace("'", "''") + "'"

    def number(self, value: float) -> str:
        """A double, to the last bit: a plain number would be read as a decimal."""
        return f"CAST('{value!r}' AS {self.real_type})"

    def real(self, column: Column) -> str:
        """A number, or a boolean as 0 and 1, as a double; what is not finite is null."""
        value = self.column(column)
        if column.kind == "boolean":
            zero, one = self.number(0.0), self.number(1.0)
            return f"CASE WHEN {value} THEN {one} WHEN NOT {value} THEN {zero} END"
        cast = f"CAST({value} AS {self.real_type})"
        return self.finite(cast) if column.kind != "integer" else cast

    def text(self, column: Column) -> str:
        """A name's text, the same in every warehouse; a date's is `2024-03-31`."""
        value = self.column(column)
        return value if column.kind == "text" else f"CAST({value} AS {self.text_type})"

    def split(self, split: Split, key: Column) -> str:
        """`train`, `val` or `test`."""
        train, val, test = map(self.literal, SPLITS)
        if isinstance(split, HashSplit):
            until_val, until_test = split.bounds
            bucket = f"MOD({self.hash(split.seed, key, 0)}, {BUCKETS})"
            return (
                f"CASE WHEN {bucket} < {until_val} THEN {train} WHEN {bucket} < {until_test} THEN {val} ELSE {test} END"
            )
        val_from, test_from = (self.time(at) for at in split.bounds(key.kind))
        value = self.column(key)
        return f"CASE WHEN {value} < {val_from} THEN {train} WHEN {value} < {test_from} THEN {val} ELSE {test} END"

    def is_train(self, split: Split, key: Column) -> str:
        if isinstance(split, TemporalSplit):
            return f"{self.column(key)} < {self.time(split.bounds(key.kind)[0])}"
        return f"MOD({self.hash(split.seed, key, 0)}, {BUCKETS}) < {split.bounds[0]}"

    def is_sampled(self, seed: str, key: Column, below: int | None) -> str:
        """True for the rows that a limit keeps: those whose second hash is below the bound."""
        return "TRUE" if below is None else f"{self.hash(seed, key, 1)} < {below}"

    def cycle(self, column: Column, part: str, time_zone: str) -> str:
        """The angle in radians of an hour, a day of the week (Monday is 0), of the month, or a month of the year."""
        value = self.local(column, time_zone)
        position, period = {
            "hour": (self.part("HOUR", value), "24"),
            "dayofweek": (self.monday_is_0(value), "7"),
            "day": (f"({self.part('DAY', value)} - 1)", self.days_in_month(value)),
            "month": (f"({self.part('MONTH', value)} - 1)", "12"),
        }[part]
        real = self.real_type
        return f"{self.number(float(RADIANS))} * (CAST({position} AS {real}) / CAST({period} AS {real}))"

    def day(self, column: Column) -> str:
        """The date of a time, in UTC where it has a zone."""
        return f"CAST({self.local(column, 'UTC')} AS DATE)"

    def part(self, part: str, value: str) -> str:
        return f"EXTRACT({part} FROM {value})"

    def monday_is_0(self, value: str) -> str:
        return f"({self.part('ISODOW', value)} - 1)"

    def time(self, at: date | datetime) -> str:
        """A day or an instant as a literal."""
        if not isinstance(at, datetime):
            return f"DATE '{at.isoformat()}'"
        return f"CAST('{at.isoformat(sep=' ')}' AS {'TIMESTAMPTZ' if at.tzinfo else 'TIMESTAMP'})"

    @abstractmethod
    def finite(self, value: str) -> str:
        """The double, or null where it is NaN or infinite."""

    @abstractmethod
    def hash(self, seed: str, key: Column, part: int) -> str:
        """The key's first (0) or second (1) hash: 32 bits of the md5 of `seed|key`, as `split.key_hashes` has it."""

    def local(self, column: Column, time_zone: str) -> str:
        """A time as a clock in that zone shows it; a date, and a time without a zone, as they are."""
        value = self.column(column)
        return f"({value} AT TIME ZONE {self.literal(time_zone)})" if column.kind == "instant" else value

    @abstractmethod
    def days_in_month(self, value: str) -> str: ...

    @abstractmethod
    def name_order(self, value: str) -> str:
        """Text to sort by, in the order of its UTF-8 bytes."""

    @abstractmethod
    def unpivot(self, source: str, columns: Sequence[str]) -> str:
        """SELECT of `i` (its place among `columns`) and `v` (its value): a row for each column of each row."""

    def replacing(self, table: str, sql: str) -> str:
        """One statement, or several that are one transaction, after which the table holds the rows of the query."""
        return f"CREATE OR REPLACE TABLE {table} AS {sql}"

    def mean(self, value: str) -> str:
        return f"AVG({value})"

    def quantiles_about(self, value: str, points: Sequence[float]) -> str | None:
        """Estimates of the quantiles as an array; None where the warehouse has only exact ones."""
        return None

    def pick_quantiles(self, found: Sequence[float], points: Sequence[float]) -> tuple[float, ...]:
        """The estimates out of that array."""
        return tuple(found)


class DuckDBDialect(Dialect):
    name = "duckdb"
    real_type = "DOUBLE"

    def finite(self, value: str) -> str:
        return f"CASE WHEN isfinite({value}) THEN {value} END"

    def hash(self, seed: str, key: Column, part: int) -> str:
        digest = f"md5({self.literal(seed + '|')} || {self.text(key)})"
        return f"CAST('0x' || substr({digest}, {1 + 8 * part}, 8) AS BIGINT)"

    def days_in_month(self, value: str) -> str:
        return f"EXTRACT(DAY FROM last_day({value}))"

    def name_order(self, value: str) -> str:
        return value

    def unpivot(self, source: str, columns: Sequence[str]) -> str:
        numbers = ", ".join(map(str, range(len(columns))))
        return f"SELECT unnest([{numbers}]) AS i, unnest([{', '.join(columns)}]) AS v FROM ({source}) AS s"

    def mean(self, value: str) -> str:
        return f"favg({value})"  # with Kahan's summation

    def quantiles_about(self, value: str, points: Sequence[float]) -> str | None:
        return f"approx_quantile({value}, [{', '.join(map(str, points))}])"


class PostgresDialect(Dialect):
    name = "postgres"
    text_type = "TEXT"
    longest_name = 63  # bytes; what is longer is cut without a word

    def column(self, column: Column) -> str:
        if len(column.path) == 1:
            return super().column(column)
        head, *fields = map(self.identifier, column.path)
        return f"({TABLE}.{head}).{'.'.join(fields)}"

    def finite(self, value: str) -> str:
        largest = "1.7976931348623157e308"  # NaN is greater than infinity here
        return (
            f"CASE WHEN {value} BETWEEN CAST('-{largest}' AS DOUBLE PRECISION) "
            f"AND CAST('{largest}' AS DOUBLE PRECISION) THEN {value} END"
        )

    def text(self, column: Column) -> str:
        if column.kind == "date":  # a cast would follow DateStyle
            return f"to_char({self.column(column)}, 'YYYY-MM-DD')"
        return super().text(column)

    def hash(self, seed: str, key: Column, part: int) -> str:
        digest = f"md5({self.literal(seed + '|')} || {self.text(key)})"
        return f"CAST(CAST('x' || substr({digest}, {1 + 8 * part}, 8) AS BIT(32)) AS BIGINT)"

    def days_in_month(self, value: str) -> str:
        return f"EXTRACT(DAY FROM date_trunc('month', {value}) + INTERVAL '1 month - 1 day')"

    def name_order(self, value: str) -> str:
        return f'{value} COLLATE "C"'

    def replacing(self, table: str, sql: str) -> str:
        return f"DROP TABLE IF EXISTS {table}; CREATE TABLE {table} AS {sql}"  # sent as one, they are one transaction

    def unpivot(self, source: str, columns: Sequence[str]) -> str:
        values = ", ".join(f"({number}, {column})" for number, column in enumerate(columns))
        return f"SELECT u.i, u.v FROM ({source}) AS s CROSS JOIN LATERAL (VALUES {values}) AS u (i, v)"


class BigQueryDialect(Dialect):
    name = "bigquery"
    quote = "`"
    real_type = "FLOAT64"
    text_type = "STRING"

    def literal(self, text: str) -> str:
        escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
        return f"'{escaped}'"

    def finite(self, value: str) -> str:
        return f"IF(IS_NAN({value}) OR IS_INF({value}), NULL, {value})"

    def hash(self, seed: str, key: Column, part: int) -> str:
        digest = f"TO_HEX(MD5(CONCAT({self.literal(seed + '|')}, {self.text(key)})))"
        return f"CAST(CONCAT('0x', SUBSTR({digest}, {1 + 8 * part}, 8)) AS INT64)"

    def local(self, column: Column, time_zone: str) -> str:
        value = self.column(column)
        return f"DATETIME({value}, {self.literal(time_zone)})" if column.kind == "instant" else value

    def monday_is_0(self, value: str) -> str:
        return f"MOD({self.part('DAYOFWEEK', value)} + 5, 7)"  # Sunday is 1

    def days_in_month(self, value: str) -> str:
        return f"EXTRACT(DAY FROM LAST_DAY({value}, MONTH))"

    def time(self, at: date | datetime) -> str:
        if not isinstance(at, datetime):
            return f"DATE '{at.isoformat()}'"
        return f"{'TIMESTAMP' if at.tzinfo else 'DATETIME'} '{at.isoformat(sep=' ')}'"

    def name_order(self, value: str) -> str:
        return value

    def unpivot(self, source: str, columns: Sequence[str]) -> str:
        structs = ", ".join(f"STRUCT({number} AS i, {column} AS v)" for number, column in enumerate(columns))
        return f"SELECT u.i, u.v FROM ({source}) AS s CROSS JOIN UNNEST([{structs}]) AS u"

    def quantiles_about(self, value: str, points: Sequence[float]) -> str | None:
        return f"APPROX_QUANTILES({value}, 1000)"  # all of them, once

    def pick_quantiles(self, found: Sequence[float], points: Sequence[float]) -> tuple[float, ...]:
        return tuple(found[round(point * 1000)] for point in points)
