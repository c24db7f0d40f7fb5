"""`python -m flows.build [years] [dbt options]`: dbt build over what is loaded. `task build` and the flows run this."""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

import typer

from flows.run_dbt import DbtFailed, Node, Say, run_dbt
from loaders.catalogue import Dataset, read_catalogue
from loaders.destination import Session, Warehouse, open_session, open_warehouse
from loaders.errors import LoaderError
from loaders.ledger import TABLE as LEDGER

Span = tuple[date, date]  # first day, and the day after the last


class NothingLoaded(LoaderError):
    """Load something first."""


@dataclass(frozen=True)
class Plan:
    """What can be built: the days that are loaded (None if only registers are), and the datasets that are not."""

    span: Span | None
    missing: tuple[Dataset, ...]

    def arguments(self) -> list[str]:
        """The plan as options of `dbt build`."""
        arguments = ["build"]
        if self.span:
            first, until = self.span
            arguments += ["--event-time-start", first.isoformat(), "--event-time-end", until.isoformat()]
        if self.missing:
            arguments += ["--exclude", *(f"source:{dataset.source_name}.{dataset.name}+" for dataset in self.missing)]
        return arguments

    def left_out(self) -> str:
        """What is left out and how to load it, in one line. Empty if nothing is."""
        if not self.missing:
            return ""
        names = ", ".join(dataset.label for dataset in self.missing)
        return (
            f"left out with all that reads them, because they are not loaded: {names} "
            "(millrace load YEAR --source NAME --dataset NAME loads one)"
        )


def make_plan(session: Session, datasets: Iterable[Dataset]) -> Plan:
    """Ask the warehouse which of the declared datasets have a table, and the ledger for the first and the last day.

    A staging view over a table that does not exist fails, and with it everything below. So a dataset without its raw
    table is left out with all that depends on it (`source:elexon.pn+`), until a first load of it has created the table.
    Raises `NothingLoaded`, `WarehouseUnavailable`.
    """
    there = session.tables()
    datasets = tuple(datasets)
    # Tables that are read together are empty while absent, unless none of them is there.
    joined = {dataset.vocabulary for dataset in datasets if dataset.table in there} - {None}
    missing = tuple(dataset for dataset in datasets if dataset.table not in there and dataset.vocabulary not in joined)
    if not any(dataset.table in there for dataset in datasets):
        raise NothingLoaded(f"nothing is loaded into {session.warehouse}; begin with: millrace load YEAR")
    spans = session.query(
        f"SELECT MIN(window_from), MAX(window_until) FROM {session.table(LEDGER)} WHERE status <> 'failed'"
    )
    first, until = spans[0] if spans else (None, None)
    return Plan((first, until) if first and until else None, missing)


def build(
    span: Span | None = None, options: Sequence[str] = (), warehouse: Warehouse | None = None, say: Say | None = None
) -> list[Node]:
    """dbt build over `span`, or over all days that are loaded, of the models whose datasets are loaded.

    The span is of days [first, until): models in batches build the batches that it touches, all others build whole.
    `options` are dbt's. With `say`, dbt's lines and what is left out go there instead of to the terminal.
    Raises `NothingLoaded`, `WarehouseUnavailable`, `DbtFailed`.
    """
    warehouse = warehouse or open_warehouse()
    with open_session(warehouse) as session:  # closed again before dbt opens the same file
        plan = make_plan(session, read_catalogue().datasets())
    if left_out := plan.left_out():
        (say or typer.echo)(left_out)
    return run_dbt([*Plan(span or plan.span, plan.missing).arguments(), *options], warehouse, say)


def main(arguments: Sequence[str]) -> int:
    """Years first, then whatever dbt understands. Returns the exit code: 0, or 1 with the reason on stderr."""
    years = [int(year) for year in takewhile(str.isdecimal, arguments)]
    span = (date(min(years), 1, 1), date(max(years) + 1, 1, 1)) if years else None
    try:
        nodes = build(span, arguments[len(years) :])
    except (LoaderError, DbtFailed) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        return 1
    typer.echo(summary(nodes))
    return 0


def summary(nodes: Sequence[Node]) -> str:
    """What was built and tested, in one line, with the warnings and what each found."""
    kinds = Counter(node.kind for node in nodes)
    warned = [f"{node.name} ({node.message})" for node in nodes if node.status == "warn"]
    said = f"built {kinds['model']} models and {kinds['seed']} seeds, {kinds['test'] + kinds['unit_test']} tests passed"
    return said + (f"; warnings: {', '.join(warned)}" if warned else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
