"""Loading as flows. Each load is the command line in a process of its own: what one year held in memory ends with it.

Failed windows are retried by the loader, which knows why they failed, and a run that is started again does only what
is missing. So nothing here retries.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from prefect import flow
from prefect.artifacts import create_table_artifact
from prefect.logging import get_run_logger

Say = Callable[[str], None]

OUTCOME = " windows loaded, "  # stands in the line in which the loader sums up; errors follow it
ERRORS_SHOWN = 3  # in a state's message: the run's log and `millrace status --errors` have all
MEANING = {0: "all done", 2: "some windows failed"}


@dataclass(frozen=True)
class Loaded:
    """What a load came to. `exit_code` is the command line's: 0 all done, 2 some windows failed, anything else none."""

    span: str
    exit_code: int
    summary: str

    @property
    def outcome(self) -> str:
        return MEANING.get(self.exit_code, f"nothing loaded (exit code {self.exit_code})")


class LoadIncomplete(Exception):
    """Windows are missing after a load; the text has the loader's summary and its first errors."""

    def __init__(self, loaded: Loaded) -> None:
        super().__init__(f"{loaded.span}: {loaded.outcome}: {loaded.summary}")
        self.loaded = loaded


class BackfillIncomplete(Exception):
    """Years are missing after a backfill. Run it again: what is done is skipped."""


def run_load(span: str, arguments: Sequence[str], say: Say) -> Loaded:
    """Run `millrace load` with these arguments, give every line that it prints to `say`, and return what it came to.

    `span` is what the result calls it. The loader ends with this process, also when it is cancelled.
    """
    command = [sys.executable, "-m", "loaders.cli", "load", *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}  # lines when they are printed, not when the pipe is full
    summary: list[str] = []
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        assert process.stdout is not None
        try:
            for line in process.stdout:
                if line := line.rstrip():
                    say(line)
                    summary = _summary(summary, line)
            exit_code = process.wait()
        finally:
            process.terminate()  # does nothing to a process that has ended
    return Loaded(span, exit_code, "\n".join(summary))


def _summary(so_far: list[str], line: str) -> list[str]:
    """The line that sums up with the errors that follow it, or without one (a mistake, a crash) the last lines."""
    if OUTCOME in line:
        return [line]
    kept = slice(ERRORS_SHOWN + 1) if so_far and OUTCOME in so_far[0] else slice(-ERRORS_SHOWN, None)
    return [*so_far, line][kept]


def load_each(years: Iterable[int], load: Callable[[int], Loaded]) -> list[Loaded]:
    """Load the years one after the other with `load`. A year that raises `LoadIncomplete` does not stop the next."""
    outcomes = []
    for year in years:
        try:
            outcomes.append(load(year))
        except LoadIncomplete as error:
            outcomes.append(error.loaded)
    return outcomes


def _options(source: str, datasets: Sequence[str] | None, force: bool) -> list[str]:
    options = ["--source", source, *(["--force"] if force else [])]
    for dataset in datasets or ():
        options += ["--dataset", dataset]
    return options


def _complete(loaded: Loaded) -> Loaded:
    if loaded.exit_code:
        raise LoadIncomplete(loaded)
    return loaded


@flow(name="load-year", flow_run_name="load {source} {year}")
def load_year(year: int, source: str = "elexon", datasets: list[str] | None = None, force: bool = False) -> Loaded:
    """Load one year of a source, or of some of its datasets; `force` loads again what is done.

    Raises `LoadIncomplete` if a window is missing afterwards.
    """
    options = _options(source, datasets, force)
    return _complete(run_load(str(year), [str(year), *options], get_run_logger().info))


@flow(name="load-days", flow_run_name="load {source} {first} to before {until}")
def load_days(first: date, until: date, source: str = "elexon", datasets: list[str] | None = None) -> Loaded:
    """Load the days from `first` up to but without `until`. Raises `LoadIncomplete` as `load_year` does."""
    last = until - timedelta(days=1)
    days = ["--from", first.isoformat(), "--to", last.isoformat()]
    return _complete(
        run_load(f"{first} to {last}", [*days, *_options(source, datasets, force=False)], get_run_logger().info)
    )


@flow(name="backfill", flow_run_name="backfill {source} {years}")
def backfill(
    years: list[int], source: str = "elexon", datasets: list[str] | None = None, force: bool = False
) -> list[Loaded]:
    """Load years one after the other, in the order given. A year that fails is recorded and the others go on.

    Raises `BackfillIncomplete` when all have been tried.
    """
    outcomes = load_each(years, lambda year: load_year(year, source, datasets, force))
    rows = [{"year": loaded.span, "outcome": loaded.outcome, "summary": loaded.summary} for loaded in outcomes]
    create_table_artifact(rows, key="backfill", description=f"Years of {source}")
    failed = [loaded.span for loaded in outcomes if loaded.exit_code]
    if failed:
        raise BackfillIncomplete(f"{len(failed)} of {len(outcomes)} years are not complete: {', '.join(failed)}")
    return outcomes
