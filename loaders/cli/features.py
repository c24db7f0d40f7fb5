"""The commands that make features of a table for training."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from loaders.cli.options import WarehouseName
from loaders.cli.terminal import complaining, console
from loaders.memory import keep_flat

commands = typer.Typer(no_args_is_help=True, help="Features of a table for training, in constant memory.")


@commands.command("fit")
def fit_features(
    table: Annotated[str, typer.Argument(help="schema.table; marts.… may leave its schema out.")],
    target: Annotated[str, typer.Option(help="The column to predict. It is passed through as it is.")],
    index: Annotated[str, typer.Option(help="The column that names a row, or its day: by it rows are split.")],
    fit: Annotated[Path, typer.Option(help="Where to write what was learned.")] = Path("fit.json"),
    drop: Annotated[list[str] | None, typer.Option(help="Leave this column out; may be given more than once.")] = None,
    categorical: Annotated[
        list[str] | None, typer.Option(help="Take this number, day or flag as a category; may be given more than once.")
    ] = None,
    high_null_threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Drop columns with a larger share of nulls in training.")
    ] = 0.9,
    limit: Annotated[int | None, typer.Option(min=1, help="Take so many rows, the same ones each time.")] = None,
    max_categories: Annotated[int, typer.Option(min=1, help="Most frequent values that get a column.")] = 50,
    other: Annotated[bool, typer.Option("--other", help="A column for the values beyond those.")] = False,
    time_zone: Annotated[str, typer.Option(help="In which hours and days are read off an instant.")] = "UTC",
    seed: Annotated[str, typer.Option(help="Another seed is another split.")] = "millrace",
    val_from: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Split by time: first day of val.")
    ] = None,
    test_from: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="First day of test.")] = None,
    warehouse: WarehouseName = None,
) -> None:
    """Learn types, medians, scales and categories from the training rows, in the warehouse, and write fit.json."""
    keep_flat()
    from loaders.features.commands import fit_table
    from loaders.features.fit import Wishes

    wishes = Wishes(
        target_column=target,
        index_col=index,
        force_categorical_columns=categorical or (),
        drop_columns=drop or (),
        high_null_threshold=high_null_threshold,
        limit=limit,
        max_categories=max_categories,
        other=other,
        time_zone=time_zone,
        seed=seed,
    )
    with complaining():
        fit_table(console, table, wishes, val_from and val_from.date(), test_from and test_from.date(), fit, warehouse)


@commands.command("transform")
def transform_features(
    table: Annotated[str, typer.Argument(help="schema.table; marts.… may leave its schema out.")],
    fit: Annotated[Path, typer.Option(help="What `features fit` has written.")] = Path("fit.json"),
    out: Annotated[Path | None, typer.Option(help="Folder for split=train|val|test; it is replaced.")] = None,
    as_table: Annotated[str | None, typer.Option(help="Or a table of the warehouse, schema.table.")] = None,
    warehouse: WarehouseName = None,
) -> None:
    """Apply a fit to a table: stream it into parquet files, or let the warehouse write a table."""
    keep_flat()
    from loaders.features.commands import transform_table

    with complaining():
        transform_table(console, table, fit, out, as_table, warehouse)
