"""The commands that take in what is published: into a warehouse, into files, or only to compare."""

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from loaders.cli.options import (
    DatasetNames,
    Files,
    First,
    Last,
    MemoryLimit,
    SourceName,
    WarehouseName,
    Years,
    chosen,
    files_of,
    publisher_url,
    recognised,
    spans,
)
from loaders.cli.terminal import complaining, console, joint
from loaders.errors import DeclarationError
from loaders.memory import keep_flat

commands = typer.Typer()


@commands.command()
def load(
    years: Years = None,
    source: SourceName = "elexon",
    dataset: DatasetNames = None,
    first: First = None,
    last: Last = None,
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
        with complaining():
            days = spans(years, first, last) if by else []
            target = into or open_warehouse(warehouse)
            settle(BigQuery.peaks, memory_limit)  # Google's clients are in this process, whatever is loaded into
            codes = load_table(console, wanted, target, days, force, accept_shrink)
        raise typer.Exit(joint(codes))
    from loaders.catalogue import read_catalogue
    from loaders.destination import open_session, open_warehouse
    from loaders.load import Request, make_plan, run_plan
    from loaders.progress import Bars, Lines, show_files, show_outcome, show_plan
    from loaders.transport import Publisher

    with complaining():
        declared = read_catalogue().source(source)
        datasets = chosen(declared, dataset)
        target = open_warehouse(warehouse, sample)
        settle(target.peaks, memory_limit)
        days, codes = spans(years, first, last), []
        with (
            files_of(declared, datasets, days, files, sample) as found,
            publisher_url(declared.name, sample and found is None) as url,
            target.lock(datasets),
            open_session(target) as session,
        ):
            publisher = Publisher.of(declared, url, sample)
            for begin, until in days:
                request = Request(declared, datasets, begin, until, force, accept_shrink, found, sample)
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
        if sample and target != open_warehouse(warehouse):
            console.print(f"generated data have a file of their own; to look at them: export MILLRACE_DUCKDB={target}")
    raise typer.Exit(joint(codes))


@commands.command()
def download(
    source: SourceName,
    out: Annotated[Path, typer.Option("--out", help="Folder for the files; made if it is not there.")],
    years: Years = None,
    dataset: DatasetNames = None,
    first: First = None,
    last: Last = None,
    accept_terms: Annotated[
        bool, typer.Option("--accept-terms", help="You have read the publisher's terms and accept them.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Fetch again what is there.")] = False,
) -> None:
    """Fetch a market's files of years (or --from ... --to) into a folder, to load or convert with --files.

    What is there and whole is skipped. Exits with 0 if every file is there, 2 if some are not, 1 if none is.
    """
    from loaders.catalogue import read_catalogue
    from loaders.download import Download, downloadable, publisher_of
    from loaders.progress import show_downloaded, tell_downloaded
    from loaders.transport import Publisher

    with complaining():
        declared = read_catalogue().source(source)
        datasets = downloadable(declared, chosen(declared, dataset), bool(dataset), accept_terms)
        now, codes = datetime.now(UTC), []
        publishers: dict[str, Publisher] = {}  # one for each address: it keeps the pace
        for begin, until in spans(years, first, last):
            download = Download(declared, out, force, tell_downloaded(console))
            with publisher_url(declared.name, sample=False) as url:
                for one in datasets:
                    publisher = publisher_of(declared, one, url)
                    download.run(one, begin, until, now, publishers.setdefault(publisher.url, publisher))
            show_downloaded(console, declared, download.outcome, begin, until, out)
            codes.append(download.outcome.exit_code)
    raise typer.Exit(joint(codes))


@commands.command()
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

    with complaining():
        declared = read_catalogue().source(source)
        datasets = chosen(declared, dataset)
        began = time.monotonic()
        found = recognised(declared, files)
        if found is None:
            raise DeclarationError(f"say where the files of {declared.title} are with --files, a folder for example")
        outcome = convert_files(declared, datasets, found, years, out, lambda file, rows: None)
        show_converted(console, outcome, found, time.monotonic() - began)
    raise typer.Exit(outcome.exit_code)


@commands.command()
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

    with complaining():
        declared = read_catalogue().source(source)
        found = recognised(declared, files)
        with publisher_url(declared.name, sample=False) as url, open_session(open_warehouse(warehouse)) as session:
            publisher = Publisher.of(declared, url)
            compared = 0
            for begin, until in spans(years, None, None):
                everything = Request(declared, tuple(declared.datasets.values()), begin, until, force=True, files=found)
                for job in make_plan(everything, session):
                    for window in job.windows:
                        result = compare(job.dataset, window, publisher, session)
                        compared += 1
                        console.print(
                            f"{job.dataset.label} {result.window}: {result.added:,} added, {result.removed:,} removed, "
                            f"{result.unchanged:,} unchanged; the release has SHA-256 {result.sha256[:12]}..."
                        )
            if not compared:
                raise DeclarationError(f"no release of {' or '.join(map(str, years))} to compare with")


@commands.command()
def sample(
    source: Annotated[str, typer.Argument(help="A source of files: openshift, or a US market.")],
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    rows: Annotated[
        int | None, typer.Option(min=1, help="With openshift: rows of the largest report. [default: 100,000]")
    ] = None,
    days: Annotated[int, typer.Option(min=1, help="Days that they cover.")] = 31,
    first: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day. [default: the generator's]")
    ] = None,
    dataset: DatasetNames = None,
    csv: Annotated[
        bool, typer.Option("--csv", help="With openshift: as the clusters send them, instead of parquet.")
    ] = False,
) -> None:
    """Write generated files of any size to load with --files: the same ones for the same numbers."""
    from loaders.catalogue import read_catalogue
    from loaders.sample import write_sample

    with complaining():
        names = [one.name for one in chosen(read_catalogue().source(source), dataset)] if dataset else []
        day = first.date() if first else None
        said = write_sample(source, out, days, first=day, datasets=names, rows=rows, as_csv=csv)
        console.print(said, highlight=False)
