"""What a fit has learned, as it stands in fit.json: enough to transform any table with the same columns."""

import math
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from loaders.catalogue import Declaration
from loaders.errors import DeclarationError
from loaders.features.columns import Column
from loaders.features.split import Split

CYCLES = ("hour", "dayofweek", "day", "month")


class Scaled(Declaration):
    """A number: a missing one becomes `median`, then (x - mean) / scale, in the units of the column."""

    column: Column
    median: float
    mean: float
    scale: float
    null_share: float

    @classmethod
    def of(cls, column: Column, rows: int, observed: int, mean: float, variance: float, median: float) -> "Scaled":
        """Mean and scale after imputation, in closed form.

        `rows` are all rows and `observed` those with a value, of which `mean` and `variance` (of the population) are.
        As scikit-learn's StandardScaler has it, a column that does not vary keeps the scale 1.
        """
        nulls = rows - observed
        imputed_mean = (observed * mean + nulls * median) / rows
        imputed_variance = (
            observed * (variance + (mean - imputed_mean) ** 2) + nulls * (median - imputed_mean) ** 2
        ) / rows
        # A constant's variance is not always zero in floating point: what is below this is rounding.
        is_constant = imputed_variance <= rows * _EPS * imputed_variance + (rows * imputed_mean * _EPS) ** 2
        return cls(
            column=column,
            median=median,
            mean=imputed_mean,
            scale=1.0 if is_constant else math.sqrt(imputed_variance),
            null_share=nulls / rows,
        )

    @property
    def outputs(self) -> list[str]:
        return [self.column.name]


_EPS = 2.0**-52


class Flag(Declaration):
    """A boolean as 0 and 1, a missing one as the median of those. It is not scaled."""

    column: Column
    median: float
    null_share: float

    @property
    def outputs(self) -> list[str]:
        return [self.column.name]


class Category(Declaration):
    """A column of 0 and 1 for each known value; a missing or unknown value is all zeros, or in the column `_other`."""

    column: Column
    vocabulary: tuple[str, ...]
    outputs: list[str]
    has_other: bool
    null_share: float


class Cycle(Declaration):
    """A time as points on circles; a missing one is the centre of each, (0, 0)."""

    column: Column
    null_share: float

    @property
    def parts(self) -> tuple[str, ...]:
        return CYCLES[1:] if self.column.kind == "date" else CYCLES

    @property
    def outputs(self) -> list[str]:
        return [f"{self.column.name}_{wave}_{part}" for part in self.parts for wave in ("sin", "cos")]


class Fit(Declaration):
    """Everything learned, and from what. Rows are counts; `sample_below` is the bound on a key's second hash."""

    version: int = 1
    table: str
    warehouse: str
    fitted_at: datetime
    key: Column
    target: Column
    split: Split
    sample_seed: str
    sample_below: int | None = None
    time_zone: str
    rows: dict[str, int]
    scaled: tuple[Scaled, ...]
    flags: tuple[Flag, ...]
    categories: tuple[Category, ...]
    cycles: tuple[Cycle, ...]
    dropped: dict[str, str]  # column -> why

    @property
    def features(self) -> list[str]:
        """Names of the feature columns, in their order in the files."""
        return [name for one in self.learned for name in one.outputs]

    @property
    def learned(self) -> "list[Scaled | Flag | Category | Cycle]":
        """What was learned, a column each."""
        return [*self.scaled, *self.flags, *self.categories, *self.cycles]

    @property
    def inputs(self) -> list[Column]:
        """The columns that a transformation reads, each once."""
        wanted = [self.key, self.target, *(one.column for one in self.learned)]
        return list({column.path: column for column in wanted}.values())

    def write(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(self.model_dump_json(indent=2) + "\n", encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "Fit":
        """The fit in that file. Raises `DeclarationError` if there is none."""
        try:
            return cls.model_validate_json(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise DeclarationError(f"{path}: no such file; `millrace features fit` writes it") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"]))
            raise DeclarationError(f"{path}: not a fit: {place}: {first['msg']}; fit again") from error
