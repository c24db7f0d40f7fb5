"""The command line, `millrace`."""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from loaders.errors import DeclarationError, LoaderError
from loaders.memory import keep_flat

if TYPE_CHECKING:
    from loaders.catalogue import Source
    from loaders.recognise import Recognised

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
# Without a terminal a width has to be given, or every long line is broken at 80 columns.
console = Console(width=None if sys.stdout.isatty() else 200)
complaints = Console(stderr=True, width=None if sys.stderr.isatty() else 200)

Years = Annotated[list[int] | None, typer.Argument(help="Years to load, oldest first.", show_default=False)]
SourceName = Annotated[str, typer.Option("--source", help="Publisher, as named under loaders/sources.")]
DatasetNames = Annotated[
    list[str] | None, typer.Option("--dataset", help="Only this dataset; may be given more than once. [default: all]")
]
WarehouseName = Annotated[
    str | None,
    typer.Option("--warehouse", help="duckdb, postgres or bigquery. [default: MILLRACE_WAREHOUSE, or duckdb]"),
]
Files = Annotated[
    str | None,
    typer.Option(help="A folder, a file, an archive, or a URL (s3://, gs://). [default: MILLRACE_<SOURCE>_FILES]"),
]
MemoryLimit = Annotated[
    str | None,
    typer.Option("--memory-limit", help="512MB, for example. [default: MILLRACE_MEMORY_LIMIT, or the container's]"),
]
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"])]


@contextmanager
def _complaining() -> Iterator[None]:
    """Print a loader's error as its message, without a traceback, and exit with 1."""
    try:
        yield
    except LoaderError as error:
        complaints.print(f"{type(error).__name__}: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


@app.command()
def load(
    years: Years = None,
    source: SourceName = "elexon",
    dataset: DatasetNames = None,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    warehouse: WarehouseName = None,
    sample: Annotated[bool, typer.Option("--sample", help="Ask generated publishers on this machine.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Load again what is done.")] = False,
    accept_shrink: Annotated[
        bool, typer.Option("--accept-shrink", help="Let a window lose more rows than its floor allows.")
    ] = False,
    files: Files = None,
    table: Annotated[str | None, typer.Option(help="With --source bigquery: project.dataset.table to load.")] = None,
    query: Annotated[str | None, typer.Option(help="With --source bigquery: SQL whose rows to load.")] = None,
    column: Annotated[
        list[str] | None, typer.Option(help="Only this column of the table; may be given more than once.")
    ] = None,
    where: Annotated[str | None, typer.Option(help="Only rows of the table of which this SQL condition holds.")] = None,
    by: Annotated[
        str | None, typer.Option(help="Load the table day by day of this DATE or TIMESTAMP column. [default: whole]")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Load into raw.bigquery__NAME. [default: dataset_table]")] = None,
    streams: Annotated[int, typer.Option(help="Streams of the table to read at once; one keeps its order.")] = 1,
    into: Annotated[
        Path | None, typer.Option(help="Write parquet files into this folder, in place of a warehouse.")
    ] = None,
    memory_limit: MemoryLimit = None,
) -> None:
    """Load years (or --from ... --to) of a source. What is done is skipped; what failed or is missing is loaded.

    Exits with 0 if every window is done, 2 if some failed, 1 if none could be loaded.
    """
    keep_flat()
    from loaders.budget import settle

    if source == "bigquery":
        from loaders.destination import BigQuery, open_warehouse
        from loaders.load_table import Wanted, load_table

        scratch = os.environ.get("MILLRACE_BIGQUERY_SCRATCH")
        wanted = Wanted(table, query, tuple(column or ()), where, streams, by, name, scratch)
        with _complaining():
            spans = _spans(years, first, last) if by else []
            target = into or open_warehouse(warehouse)
            settle(BigQuery.peaks, memory_limit)  # Google's clients are in this process, whatever is loaded into
            codes = load_table(console, wanted, target, spans, force, accept_shrink)
        raise typer.Exit(_joint(codes))
    from loaders.catalogue import read_catalogue
    from loaders.destination import open_session, open_warehouse
    from loaders.load import Request, make_plan, run_plan
    from loaders.progress import Bars, Lines, show_files, show_outcome, show_plan
    from loaders.transport import Publisher

    with _complaining():
        declared = read_catalogue().source(source)
        datasets = tuple(declared.dataset(name) for name in dataset) if dataset else tuple(declared.datasets.values())
        target = open_warehouse(warehouse, sample)
        settle(target.peaks, memory_limit)
        found = _recognised(declared, files, sample)
        codes = []
        with _publisher_url(declared.name, sample) as url, target.lock(datasets), open_session(target) as session:
            publisher = Publisher.of(declared, url, unpaced=sample)
            for begin, until in _spans(years, first, last):
                request = Request(declared, datasets, begin, until, force, accept_shrink, found)
                jobs = make_plan(request, session)
                console.print(f"{declared.title}, {begin} to {until - timedelta(days=1)}, into {target}")
                if found is None:
                    show_plan(console, jobs, publisher.requests_per_second, sample)
                else:
                    show_files(console, jobs, found)
                began = time.monotonic()
                with Bars(console) if console.is_terminal else Lines(console) as reporter:
                    outcome = run_plan(jobs, request, session, publisher, reporter)
                show_outcome(console, outcome, time.monotonic() - began)
                codes.append(outcome.exit_code)
    raise typer.Exit(_joint(codes))


def _joint(codes: list[int]) -> int:
    """0 if every span is done, 1 if nothing of any is, 2 otherwise."""
    return 0 if not any(codes) else 1 if all(code == 1 for code in codes) else 2


def _recognised(source: "Source", files: str | None, sample: bool = False) -> "Recognised | None":
    """The files to read instead of asking the publisher, sorted by dataset; None where none are given."""
    from loaders.files import find_files
    from loaders.recognise import recognise

    given = files or os.environ.get(f"MILLRACE_{source.name.upper()}_FILES")
    if not given and not source.url and not sample:
        raise DeclarationError(f"{source.title} is loaded from files: say where they are with --files PATH")
    return recognise(source, find_files(given)) if given else None


def _spans(years: list[int] | None, first: datetime | None, last: datetime | None) -> list[tuple[date, date]]:
    """Days as [first, until): one span a year, or the one between --from and --to. Raises `DeclarationError`."""
    if years and (first or last):
        raise DeclarationError("give years, or --from and --to, not both")
    if years:
        return [(date(year, 1, 1), date(year + 1, 1, 1)) for year in years]
    if first is None or last is None:
        raise DeclarationError("say what to load: years (millrace load 2024), or --from and --to")
    if last < first:
        raise DeclarationError(f"--from {first:%Y-%m-%d} is after --to {last:%Y-%m-%d}")
    return [(first.date(), last.date() + timedelta(days=1))]


@contextmanager
def _publisher_url(source: str, sample: bool) -> Iterator[str | None]:
    """Where to ask instead of the source's own address: MILLRACE_<SOURCE>_URL, or a sample publisher started here."""
    if not sample:
        yield os.environ.get(f"MILLRACE_{source.upper()}_URL")
        return
    from loaders.sample import sample_publishers

    with sample_publishers() as urls:
        yield urls[source]


@app.command()
def convert(
    years: Annotated[list[int], typer.Argument(help="Years to convert.", show_default=False)],
    source: SourceName,
    out: Annotated[Path, typer.Option("--out", help="Folder of the parquet files; made if it is not there.")],
    files: Files = None,
    dataset: DatasetNames = None,
) -> None:
    """Write files of a source as parquet, one file per dataset and year. No warehouse is needed.

    Exits with 0 if every file is in, 2 if some failed, 1 if nothing was written.
    """
    keep_flat(given_back_from=1 << 19)  # a column of a batch is smaller: half the time that giving back takes
    from loaders.catalogue import read_catalogue
    from loaders.convert import convert as convert_files
    from loaders.progress import show_converted

    with _complaining():
        declared = read_catalogue().source(source)
        datasets = tuple(declared.dataset(name) for name in dataset) if dataset else tuple(declared.datasets.values())
        began = time.monotonic()
        found = _recognised(declared, files)
        if found is None:
            raise DeclarationError(f"say where the files of {declared.title} are with --files, a folder for example")
        outcome = convert_files(declared, datasets, found, years, out, lambda file, rows: None)
        show_converted(console, outcome, found, time.monotonic() - began)
    raise typer.Exit(outcome.exit_code)


@app.command()
def diff(
    years: Annotated[list[int], typer.Argument(help="Years to compare.", show_default=False)],
    source: SourceName = "dvf",
    warehouse: WarehouseName = None,
    files: Files = None,
) -> None:
    """Compare what is published, or in --files, with what is loaded: rows added, removed, unchanged. Loads nothing."""
    keep_flat()
    from loaders.catalogue import read_catalogue
    from loaders.destination import open_session, open_warehouse
    from loaders.diff import compare
    from loaders.load import Request, make_plan
    from loaders.transport import Publisher

    with _complaining():
        declared = read_catalogue().source(source)
        found = _recognised(declared, files)
        with _publisher_url(declared.name, sample=False) as url, open_session(open_warehouse(warehouse)) as session:
            publisher = Publisher.of(declared, url)
            for begin, until in _spans(years, None, None):
                everything = Request(declared, tuple(declared.datasets.values()), begin, until, force=True, files=found)
                for job in make_plan(everything, session):
                    for window in job.windows:
                        result = compare(job.dataset, window, publisher, session)
                        console.print(
                            f"{job.dataset.label} {result.window}: {result.added:,} added, {result.removed:,} removed, "
                            f"{result.unchanged:,} unchanged; the release has SHA-256 {result.sha256[:12]}..."
                        )


@app.command()
def sample(
    source: Annotated[str, typer.Argument(help="A source of files: openshift.")],
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    rows: Annotated[int, typer.Option(help="Rows of the largest report.")] = 100_000,
    days: Annotated[int, typer.Option(help="Days that they cover.")] = 31,
    csv: Annotated[bool, typer.Option("--csv", help="As the clusters send them, instead of parquet.")] = False,
) -> None:
    """Write generated files of any size to load with --files: the same ones for the same numbers."""
    from loaders.sample import write_sample

    with _complaining():
        console.print(write_sample(source, rows, out, days, csv), highlight=False)


@app.command()
def status(
    source: SourceName = "elexon",
    warehouse: WarehouseName = None,
    errors: Annotated[bool, typer.Option("--errors", help="List what failed, with each message.")] = False,
) -> None:
    """What is loaded: per dataset the windows done, failed and missing, rows, quarantined rows and the last window."""
    from loaders.catalogue import read_catalogue
    from loaders.destination import open_session, open_warehouse
    from loaders.status import show_errors, show_status

    with _complaining():
        declared = read_catalogue().source(source)
        with open_session(open_warehouse(warehouse)) as session:
            (show_errors if errors else show_status)(console, declared, session)


@app.command()
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

    with _complaining():
        declared = read_catalogue().source(source)
        datasets = [declared.dataset(name) for name in dataset] if dataset else list(declared.datasets.values())
        with open_session(open_warehouse(warehouse)) as session:
            if publisher:
                server = Publisher.of(declared, os.environ.get(f"MILLRACE_{source.upper()}_URL"))
                differences = show_holes(console, declared, datasets, session, server)
            else:
                differences = show_differences(console, datasets, session)
    raise typer.Exit(2 if differences else 0)


@app.command()
def doctor(warehouse: WarehouseName = None, memory_limit: MemoryLimit = None) -> None:
    """What a load would work with here: memory, sizes, warehouse, disk, versions. Exits with 1 if it could not work."""
    from loaders.catalogue import read_catalogue
    from loaders.doctor import examine, show_findings

    with _complaining():
        findings = examine(read_catalogue(), warehouse, memory_limit)
    show_findings(console, findings)
    raise typer.Exit(1 if any(finding.is_wrong for finding in findings) else 0)


@app.command()
def show(
    tables: Annotated[list[str], typer.Argument(help="Tables, as schema.table; marts.… may leave its schema out.")],
    rows: Annotated[int, typer.Option("--rows", help="How many.")] = 10,
    warehouse: WarehouseName = None,
) -> None:
    """Print the first rows of tables of the warehouse."""
    from loaders.destination import open_session, open_warehouse
    from loaders.status import show_table

    with _complaining(), open_session(open_warehouse(warehouse)) as session:
        for table in tables:
            show_table(console, session, table, rows)


features = typer.Typer(no_args_is_help=True, help="Features of a table for training, in constant memory.")
app.add_typer(features, name="features")


@features.command("fit")
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
    with _complaining():
        fit_table(console, table, wishes, val_from and val_from.date(), test_from and test_from.date(), fit, warehouse)


@features.command("transform")
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

    with _complaining():
        transform_table(console, table, fit, out, as_table, warehouse)


@app.command()
def render(
    check: Annotated[bool, typer.Option("--check", help="Write nothing; exit with 1 if a file is stale.")] = False,
) -> None:
    """Write what the declarations say: dbt sources, staging models and the inventory of tables."""
    from loaders.catalogue import read_catalogue
    from loaders.render import rendered_files, stale_files, write_files

    with _complaining():
        files = rendered_files(read_catalogue())
        if not check:
            console.print(f"{write_files(files)} of {len(files)} files written")
            return
        for path in (stale := stale_files(files)):
            complaints.print(f"{path} is stale; run `task render`", style="red")
    raise typer.Exit(1 if stale else 0)


if __name__ == "__main__":
    app()
