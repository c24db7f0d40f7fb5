"""The rows of a mart by its grain, and whether two warehouses have the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from tests.warehouses import Target

Rows = dict[tuple[Any, ...], dict[str, Any]]


def mart_rows(target: Target, mart: str, grain: Sequence[str], where: str = "1 = 1") -> Rows:
    """A mart's rows by grain, each as its columns: none twice."""
    columns = sorted(target.columns(mart, "marts"))
    found = target.query(f"SELECT {', '.join(columns)} FROM marts.{mart} WHERE {where}")
    named = [dict(zip(columns, row, strict=True)) for row in found]
    rows = {tuple(row[column] for column in grain): row for row in named}
    assert len(rows) == len(named), f"{len(named) - len(rows)} rows of {mart} in {target.name} are there twice"
    return rows


def assert_same(ours: Rows, theirs: Rows) -> None:
    assert ours
    assert ours.keys() == theirs.keys()
    for grain, row in ours.items():
        assert row.keys() == theirs[grain].keys()
        for column in differences(row, theirs[grain]):
            raise AssertionError((grain, column, row[column], theirs[grain][column]))


def differences(ours: dict[str, Any], theirs: dict[str, Any]) -> list[str]:
    """Columns in which two rows differ by more than the order of a sum."""
    return [column for column, left in ours.items() if not _is_close(left, theirs[column])]


def _is_close(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return bool(left == right)
