"""The same transformation as SQL: features as a table of the warehouse, without a row leaving it."""

from loaders.errors import DeclarationError
from loaders.features.dialect import Dialect
from loaders.features.fit import SPLIT_COLUMN
from loaders.features.fitted import Category, Cycle, Fit


def features_sql(fit: Fit, table: str, dialect: Dialect) -> str:
    """SELECT of `split`, key, target and features over `table`, its name as SQL writes it.

    Raises `DeclarationError` when a name is longer than the warehouse keeps.
    """
    columns = {SPLIT_COLUMN: dialect.split(fit.split, fit.key)}
    columns |= {one.name: dialect.column(one) for one in (fit.key, fit.target)}
    for scaled in fit.scaled:
        filled = f"COALESCE({dialect.real(scaled.column)}, {dialect.number(scaled.median)})"
        columns[scaled.column.name] = f"({filled} - {dialect.number(scaled.mean)}) / {dialect.number(scaled.scale)}"
    for flag in fit.flags:
        columns[flag.column.name] = f"COALESCE({dialect.real(flag.column)}, {dialect.number(flag.median)})"
    for category in fit.categories:
        columns |= _encoded(category, dialect)
    for cycle in fit.cycles:
        columns |= _circled(cycle, dialect, fit.time_zone)
    if too_long := [name for name in columns if len(name.encode()) > dialect.longest_name]:
        raise DeclarationError(
            f"{too_long[0]!r} is longer than the {dialect.longest_name} bytes that {dialect.name} keeps of a name, and "
            "what is cut may collide; write files (--out) instead, or rename the column"
        )
    wanted = ",\n  ".join(f"{expression} AS {dialect.identifier(name)}" for name, expression in columns.items())
    where = (
        f"{dialect.column(fit.key)} IS NOT NULL AND {dialect.is_sampled(fit.sample_seed, fit.key, fit.sample_below)}"
    )
    return f"SELECT\n  {wanted}\nFROM {table} AS t\nWHERE {where}"


def _encoded(category: Category, dialect: Dialect) -> dict[str, str]:
    value = dialect.text(category.column)
    known = [dialect.literal(word) for word in category.vocabulary]
    expressions = [f"CASE WHEN {value} = {word} THEN 1 ELSE 0 END" for word in known]
    if category.has_other:
        among = f"{value} IN ({', '.join(known)})" if known else "FALSE"
        expressions.append(f"CASE WHEN {value} IS NULL OR {among} THEN 0 ELSE 1 END")
    return dict(zip(category.outputs, expressions, strict=True))


def _circled(cycle: Cycle, dialect: Dialect, time_zone: str) -> dict[str, str]:
    zero = dialect.number(0.0)
    expressions = [
        f"COALESCE({wave}({dialect.cycle(cycle.column, part, time_zone)}), {zero})"
        for part in cycle.parts
        for wave in ("SIN", "COS")
    ]
    return dict(zip(cycle.outputs, expressions, strict=True))
