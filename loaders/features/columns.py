"""The columns of a table as features see them: a name, the path to the value, and what kind of value it is."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from loaders.catalogue import Declaration

# `instant` is a time with a zone, `civil` one without.
Kind = Literal["integer", "real", "decimal", "boolean", "text", "date", "instant", "civil"]

NUMBERS: tuple[Kind, ...] = ("integer", "real", "decimal")
TIMES: tuple[Kind, ...] = ("date", "instant", "civil")
# Values whose text is the same in every warehouse: what can be hashed, or be a category.
NAMES: tuple[Kind, ...] = ("integer", "boolean", "text", "date")


class Column(Declaration):
    """A column of the table, or a field of a struct in it (`path` has more than one name then)."""

    path: tuple[str, ...]
    kind: Kind

    @property
    def name(self) -> str:
        """`city` of the struct `address` is `address_city`."""
        return "_".join(self.path)


@dataclass(frozen=True)
class Unusable:
    """A column that no feature can be made of, with its type as the warehouse names it."""

    path: tuple[str, ...]
    type: str

    @property
    def name(self) -> str:
        return "_".join(self.path)


def columns_of(schema: pa.Schema) -> list[Column | Unusable]:
    """The columns of an Arrow schema in its order, structs taken apart."""
    return [column for field in schema for column in _columns_of(field, ())]


def _columns_of(field: pa.Field, above: tuple[str, ...]) -> list[Column | Unusable]:
    path = (*above, field.name)
    if pa.types.is_struct(field.type):
        return [column for inner in field.type for column in _columns_of(inner, path)]
    kind = _kind(field.type)
    return [Column(path=path, kind=kind) if kind else Unusable(path, str(field.type))]


def _kind(type_: pa.DataType) -> Kind | None:
    if pa.types.is_timestamp(type_):
        return "instant" if type_.tz else "civil"
    tests: dict[Kind, bool] = {
        "integer": pa.types.is_integer(type_),
        "real": pa.types.is_floating(type_),
        "decimal": pa.types.is_decimal(type_),
        "boolean": pa.types.is_boolean(type_),
        "text": pa.types.is_string(type_) or pa.types.is_large_string(type_) or pa.types.is_string_view(type_),
        "date": pa.types.is_date(type_),
    }
    return next((kind for kind, holds in tests.items() if holds), None)
