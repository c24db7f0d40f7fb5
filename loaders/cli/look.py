"""The commands that change nothing in a warehouse: what is there, whether it is whole, what was declared."""

import os
from typing import Annotated

import typer

from loaders.cli.options import DatasetNames, MemoryLimit, SourceName, WarehouseName, chosen
from loaders.cli.terminal import complaining, complaints, console

commands = typer.Typer()


@commands.command()
def status(
    source: SourceName = "elexon",
    warehouse: WarehouseName = None,
    errors: Annotated[bool, typer.Option("--errors", help="List what failed, with each message.")] = False,
) -> None:
    """What is loaded: per dataset the windows done, failed and missing, rows, quarantined rows and the last window."""
    from loaders.catalogue import read_catalogue
    from loaders.destination import open_session, open_warehouse
    from loaders.status import show_errors, show_status

    with complaining():
        declared = read_catalogue().source(source)
        with open_session(open_warehouse(warehouse)) as session:
            (show_errors if errors else show_status)(console, declared, session)


@commands.command()
def verify(
    source: SourceName = "elexon",
    dataset: DatasetNames = None,
    warehouse: WarehouseName = None,
    publisher: Annotated[
        bool, typer.Option("--publisher", help="Ask the publisher for its own count per settlement period.")
    ] = False,
) -> None:
    """Count every window's rows in the warehouse again and compare with the ledger. Exits with 2 on a difference.

    With --publisher, compare with the publisher's own count instead, where it has one.
    """
    from loaders.catalogue import read_catalogue
    from loaders.completeness import show_holes
    from loaders.destination import open_session, open_warehouse
    from loaders.status import show_differences
    from loaders.transport import Publisher

    with complaining():
        declared = read_catalogue().source(source)
        datasets = chosen(declared, dataset)
        with open_session(open_warehouse(warehouse)) as session:
            if publisher:
                server = Publisher.of(declared, os.environ.get(f"MILLRACE_{source.upper()}_URL"))
                differences = show_holes(console, declared, datasets, session, server)
            else:
                differences = show_differences(console, datasets, session)
    raise typer.Exit(2 if differences else 0)


@commands.command()
def show(
    tables: Annotated[list[str], typer.Argument(help="Tables, as schema.table; marts.… may leave its schema out.")],
    rows: Annotated[int, typer.Option("--rows", min=1, help="How many.")] = 10,
    warehouse: WarehouseName = None,
) -> None:
    """Print the first rows of tables of the warehouse."""
    from loaders.destination import open_session, open_warehouse
    from loaders.status import show_table

    with complaining(), open_session(open_warehouse(warehouse)) as session:
        for table in tables:
            show_table(console, session, table, rows)


@commands.command()
def doctor(warehouse: WarehouseName = None, memory_limit: MemoryLimit = None) -> None:
    """What a load would work with here: memory, sizes, warehouse, disk, versions. Exits with 1 if it could not work."""
    from loaders.catalogue import read_catalogue
    from loaders.doctor import examine, show_findings

    with complaining():
        findings = examine(read_catalogue(), warehouse, memory_limit)
    show_findings(console, findings)
    raise typer.Exit(1 if any(finding.is_wrong for finding in findings) else 0)


@commands.command()
def render(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is stale.")] = False,
) -> None:
    """Write what the declarations say: dbt sources, staging models and the inventory of tables."""
    from loaders.catalogue import read_catalogue
    from loaders.render import rendered_files, stale_files, write_files

    with complaining():
        files = rendered_files(read_catalogue())
        if not check:
            console.print(f"{write_files(files)} of {len(files)} files written")
            return
        for path in (stale := stale_files(files)):
            complaints.print(f"{path} is stale; run `task render`", style="red")
    raise typer.Exit(1 if stale else 0)
