"""A table of BigQuery as a declared dataset: its columns, types and meanings come from BigQuery's own schema."""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from loaders.catalogue import Dataset, Field, FieldType, RequestStyle, Source, WindowKind
from loaders.errors import DeclarationError

NAME = "bigquery"
LONGEST_NAME = 40  # of a dataset: with the source's name and `__rejects` it stays below the 63 bytes of Postgres
LARGEST_PRECISION = 38  # digits of a decimal; what has more is kept as text, which loses none

TYPES: dict[str, FieldType] = {
    "INTEGER": "integer",
    "INT64": "integer",
    "FLOAT": "double",
    "FLOAT64": "double",
    "NUMERIC": "decimal",
    "BIGNUMERIC": "string",
    "BOOLEAN": "boolean",
    "BOOL": "boolean",
    "STRING": "string",
    "BYTES": "string",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    "DATETIME": "string",  # a clock without its zone is no instant
    "TIME": "string",
    "GEOGRAPHY": "string",
    "JSON": "json",
    "RECORD": "json",
    "STRUCT": "json",
}
WINDOWS: dict[str, tuple[WindowKind, str]] = {
    "DATE": ("settlement_day", "{column} = DATE '{{date}}'"),
    "TIMESTAMP": ("utc_day", "{column} >= TIMESTAMP '{{start}}' AND {column} < TIMESTAMP '{{end}}'"),
}


def declare(
    table: Any, columns: tuple[str, ...], origin: str, name: str | None = None, by: str | None = None
) -> Source:
    """A source with one dataset: `table`, or the columns of it, as BigQuery describes it.

    `origin` is what the ledger names as the request. With `by`, a DATE or TIMESTAMP column, the table is loaded day
    by day; without, as a whole. Raises `DeclarationError` for a column that cannot be loaded and for names that clash.
    """
    fields = [_field(field) for field in table.schema if not columns or field.name in columns]
    name = name or plain(f"{table.dataset_id}_{table.table_id}")
    if name != plain(name) or len(name) > LONGEST_NAME:
        raise DeclarationError(
            f"{name!r} cannot name a table: give it one with --name, at most {LONGEST_NAME} small letters, digits and "
            "single underscores"
        )
    _check_names(origin, fields)
    window, condition = _window(origin, {field.name: field for field in table.schema}, by)
    chosen = next((field.name for field in fields if field.key == by), None)
    if by and chosen is None:
        raise DeclarationError(f"{origin}: days are taken from {by}, so it has to be among the columns")
    dataset = Dataset(
        name=name,
        title=f"{origin}",
        about=table.description or f"As it stands in BigQuery under {origin}.",
        route=origin.replace("{", "{{").replace("}", "}}"),
        request=RequestStyle(window=window, params={"window": condition} if condition else {}),
        reader="ipc",
        fields=tuple(fields),
        grain=(),
        window=chosen,
        may_be_empty=True,
        may_repeat=True,
        rows=table.num_rows if by is None else None,
        source_name=NAME,
        path=Path(origin),
    )
    return Source(
        name=NAME,
        title="BigQuery",
        publisher="Google BigQuery",
        about="Tables of a BigQuery project, streamed.",
        documentation="https://cloud.google.com/bigquery/docs/reference/storage",
        licence="that of the table's owner",
        url="https://bigquery.googleapis.com",
        time_zone="UTC",
        domain="copied",
        requests_per_second=10,  # sessions: BigQuery's own quota is far above
        requests={},
        datasets={name: dataset},
    )


def plain(name: str) -> str:
    """A name in small letters, digits and single underscores: `tradeDate` and `Trade Date` are `trade_date`."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    cleaned = re.sub(r"[^a-z0-9]+", "_", words.lower()).strip("_")
    return cleaned if cleaned[:1].isalpha() else f"n{cleaned}"


def _field(field: Any) -> Field:
    kind = "json" if field.mode == "REPEATED" else TYPES.get(field.field_type)
    if kind is None:
        raise DeclarationError(
            f"column {field.name} is {field.field_type}, for which raw tables have no type; leave it out with --column"
        )
    digits: dict[str, Any] = {}
    if kind == "decimal":
        precision = min(field.precision or LARGEST_PRECISION, LARGEST_PRECISION)
        digits = {"precision": precision, "scale": (field.scale or 0) if field.precision else 9}
    about = field.description or f"{field.name}, {field.field_type} in BigQuery."
    return Field(name=plain(field.name), key=field.name, type=kind, about=about, **digits)


def _check_names(origin: str, fields: Iterable[Field]) -> None:
    seen: dict[str, str] = {}
    for field in fields:
        if field.name in seen:
            raise DeclarationError(
                f"{origin}: columns {seen[field.name]} and {field.key} would both be {field.name!r}; leave one out "
                "with --column, or rename it in a query"
            )
        seen[field.name] = field.key


def _window(origin: str, fields: dict[str, Any], by: str | None) -> tuple[WindowKind, str]:
    if by is None:
        return "snapshot", ""
    kind = fields[by].field_type if by in fields else None
    if kind not in WINDOWS:
        raise DeclarationError(f"{origin}: {by} is {kind or 'no column'}; days are taken from a DATE or a TIMESTAMP")
    window, condition = WINDOWS[kind]
    return window, condition.format(column=f"`{by}`")
