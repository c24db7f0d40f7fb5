"""BIGNUMERIC has up to 77 digits, for which warehouses and most readers of parquet have no type: it is kept as text."""

from decimal import Decimal
from typing import Any

import pyarrow as pa


def written(value: Decimal) -> str:
    """As BigQuery's own CAST to STRING has it: `0`, `1.5`, no exponent and no zeros behind."""
    digits = f"{value:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits


def without_wide(schema: pa.Schema) -> pa.Schema:
    """The schema with text for each decimal of more than 38 digits, inside of structs and arrays, too."""
    return pa.schema([field.with_type(_without_wide(field.type)) for field in schema], schema.metadata)


def wide_as_text(batch: pa.RecordBatch) -> pa.RecordBatch:
    """The batch under that schema."""
    schema = without_wide(batch.schema)
    columns = [
        column
        if column.type == field.type
        else pa.array((_as_text(value, column.type) for value in column.to_pylist()), field.type)
        for column, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _without_wide(kind: pa.DataType) -> pa.DataType:
    if pa.types.is_decimal256(kind):
        return pa.string()
    if pa.types.is_list(kind):
        return pa.list_(kind.value_field.with_type(_without_wide(kind.value_type)))
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(_without_wide(field.type)) for field in kind])
    return kind


def _as_text(value: Any, kind: pa.DataType) -> Any:
    if value is None:
        return None
    if pa.types.is_decimal256(kind):
        return written(value)
    if pa.types.is_list(kind):
        return [_as_text(inner, kind.value_type) for inner in value]
    if pa.types.is_struct(kind):
        return {field.name: _as_text(value[field.name], field.type) for field in kind}
    return value
