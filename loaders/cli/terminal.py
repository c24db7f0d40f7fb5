"""What the commands print to, and how an error becomes a message and an exit code."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import typer
from rich.console import Console

from loaders.errors import LoaderError

# Without a terminal a width has to be given, or every long line is broken at 80 columns.
console = Console(width=None if sys.stdout.isatty() else 200)
complaints = Console(stderr=True, width=None if sys.stderr.isatty() else 200)


@contextmanager
def complaining() -> Iterator[None]:
    """Print a loader's error as its message, without a traceback, and exit with 1; with 130 after Ctrl-C."""
    try:
        yield
    except LoaderError as error:
        complaints.print(f"{type(error).__name__}: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        complaints.print("interrupted; what was done stays, and the same command again does the rest", style="red")
        raise typer.Exit(130) from error


def joint(codes: list[int]) -> int:
    """0 if every span is done, 1 if nothing of any is, 2 otherwise."""
    return 0 if not any(codes) else 1 if all(code == 1 for code in codes) else 2
