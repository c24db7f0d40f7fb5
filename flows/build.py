"""`python -m flows.build [years] [dbt options]`: dbt build over what is loaded. `task build` and the flows run this."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import takewhile

import typer

from flows.run_dbt import DbtFailed, Node, Say, run_dbt
from loaders.catalogue import Catalogue, Dataset, read_catalogue
from loaders.destination import Session, Warehouse, open_session, open_warehouse
from loaders.errors import LoaderError
from loaders.ledger import TABLE as LEDGER
from loaders.windows import year_span

Span = tuple[date, date]  # first day, and the day after the last


class NothingLoaded(LoaderError):
    """Load something first."""


@dataclass(frozen=True)
class Plan:
    """What can be built: by domain the days that are loaded, and the datasets that are not loaded at all.

    A domain is a publisher's subject (power_gb, compute): its models read its own sources only. One of which nothing
    but registers is loaded has no days.
    """

    spans: dict[str, Span]
    missing: tuple[Dataset, ...]

    def builds(self, catalogue: Catalogue, asked: Span | None = None) -> list[list[str]]:
        """The plan as options of `dbt build`, over the days `asked` or else once for all the domains that share a span.

        dbt takes one span a run, and builds a batch for each of its days or months even where nothing is loaded: ten
        years of one publisher would cost another's models 3,650 empty batches.
        """
        missing = [f"source:{dataset.source_name}.{dataset.name}+" for dataset in self.missing]
        spans = dict.fromkeys(self.spans, asked) if asked else self.spans
        builds = []
        distinct: list[Span | None] = list(dict.fromkeys(spans.values()))
        for span in distinct or [asked]:
            others = [domain for domain, days in spans.items() if days != span]
            folders = [f"path:models/*/{domain}+" for domain in others]
            folders += [
                f"path:models/staging/{one.name}+" for one in catalogue.sources.values() if one.domain in others
            ]
            excluded = [*missing, *folders]
            days = ["--event-time-start", str(span[0]), "--event-time-end", str(span[1])] if span else []
            builds.append(["build", *days, *(["--exclude", *excluded] if excluded else [])])
        return builds

    def left_out(self, catalogue: Catalogue) -> str:
        """What is left out and how to load it, in one line; all of a source as `name.*`. Empty if nothing is."""
        if not self.missing:
            return ""
        names = []
        for source in catalogue.sources.values():
            missing = [dataset.label for dataset in self.missing if dataset.source_name == source.name]
            names += [f"{source.name}.*"] if len(missing) == len(source.datasets) else missing
        return (
            f"left out with all that reads them, because they are not loaded: {', '.join(names)} "
            "(millrace load YEAR --source NAME --dataset NAME loads one)"
        )


def make_plan(session: Session, catalogue: Catalogue) -> Plan:
    """Ask the warehouse which of the declared datasets have a table, and the ledger for the first and the last days.

    A staging view over a table that does not exist fails, and with it everything below. So a dataset without its raw
    table is left out with all that depends on it (`source:elexon.pn+`), until a first load of it has created the table.
    Raises `NothingLoaded`, `WarehouseUnavailable`.
    """
    there = session.tables()
    datasets = tuple(catalogue.datasets())
    # Tables that are read together are empty while absent, unless none of them is there.
    joined = {dataset.vocabulary for dataset in datasets if dataset.table in there} - {None}
    missing = tuple(dataset for dataset in datasets if dataset.table not in there and dataset.vocabulary not in joined)
    if not any(dataset.table in there for dataset in datasets):
        raise NothingLoaded(f"nothing is loaded into {session.warehouse}; begin with: millrace load YEAR")
    loaded = session.query(
        f"SELECT source, MIN(window_from), MAX(window_until) FROM {session.table(LEDGER)} "
        "WHERE status <> 'failed' AND window_from IS NOT NULL GROUP BY source ORDER BY source"
    )
    spans: dict[str, Span] = {}
    for name, first, until in loaded:
        if source := catalogue.sources.get(name):
            known = spans.get(source.domain, (first, until))
            spans[source.domain] = (min(first, known[0]), max(until, known[1]))
    return Plan(spans, missing)


def build(
    span: Span | None = None, options: Sequence[str] = (), warehouse: Warehouse | None = None, say: Say | None = None
) -> list[Node]:
    """dbt build over `span`, or over all days that are loaded, of the models whose datasets are loaded.

    The span is of days [first, until): models in batches build the batches that it touches, all others build whole.
    `options` are dbt's. With `say`, dbt's lines and what is left out go there instead of to the terminal.
    Domains of different days are built one after the other; one that fails does not keep back the next.
    Raises `NothingLoaded`, `WarehouseUnavailable`, `DbtFailed`.
    """
    warehouse = warehouse or open_warehouse()
    catalogue = read_catalogue()
    with open_session(warehouse) as session:  # closed again before dbt opens the same file
        plan = make_plan(session, catalogue)
    if left_out := plan.left_out(catalogue):
        (say or typer.echo)(left_out)
    nodes: list[Node] = []
    failures: list[DbtFailed] = []
    for arguments in plan.builds(catalogue, span):
        try:
            nodes += run_dbt([*arguments, *options], warehouse, say)
        except DbtFailed as error:
            nodes += error.nodes
            failures.append(error)
    if failures:
        raise DbtFailed("\n".join(map(str, failures)), nodes) from failures[0]
    return nodes


def main(arguments: Sequence[str]) -> int:
    """Years first, then whatever dbt understands. Returns the exit code: 0, or 1 with the reason on stderr."""
    years = [int(year) for year in takewhile(str.isdecimal, arguments)]
    try:
        span = (year_span(min(years))[0], year_span(max(years))[1]) if years else None
        nodes = build(span, arguments[len(years) :])
    except (LoaderError, DbtFailed) as error:
        typer.echo(f"{type(error).__name__}: {error}", err=True)
        return 1
    typer.echo(summary(nodes))
    return 0


def summary(nodes: Sequence[Node]) -> str:
    """What was built and tested, in one line, with the warnings and what each found."""
    kinds = Counter(node.kind for node in nodes)
    warned = [node for node in nodes if node.status == "warn"]
    found = ", ".join(f"{node.name} ({': '.join(filter(None, (node.about, node.message)))})" for node in warned)
    said = f"built {kinds['model']} models and {kinds['seed']} seeds, {kinds['test'] + kinds['unit_test']} tests passed"
    return said + (f"; warnings: {found}" if found else "")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
