"""The samples that come with the repository: publishers on loopback that behave like the real ones, and files."""

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path

from loaders.errors import DeclarationError
from loaders.workshop import FOLDER_PREFIX

ROOT = Path(__file__).parent.parent
DEFAULT_SCALE = "0.01"  # of the real number of units: a year of all datasets loads in about two minutes


def _scale() -> str:
    """How large generated data are, by MILLRACE_SAMPLE_SCALE (1 = real). Raises `DeclarationError` for no number."""
    given = os.environ.get("MILLRACE_SAMPLE_SCALE") or DEFAULT_SCALE
    try:
        is_size = 0 < float(given) < math.inf
    except ValueError:
        is_size = False
    if not is_size:
        raise DeclarationError(
            f"MILLRACE_SAMPLE_SCALE: {given!r} is no size; write {DEFAULT_SCALE}, or 1 for the real one"
        )
    return given


@contextmanager
def sample_publishers() -> Iterator[dict[str, str]]:
    """Start them, give their base URLs by source, and stop them. MILLRACE_SAMPLE_SCALE sets their size (1 = real).

    Raises `DeclarationError` outside of a checkout: they are not part of the installed package.
    """
    _check_checkout()
    scale = _scale()
    command = [sys.executable, "-m", "tests.sandbox", "--scale", scale, "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


@contextmanager
def sample_files(source: str, spans: Sequence[tuple[date, date]], datasets: Sequence[str] = ()) -> Iterator[str]:
    """A folder of generated files of a source of files, of the days [first, until) of each span; gone afterwards.

    MILLRACE_SAMPLE_SCALE sets how many of a day's files there are, where a dataset has hundreds (1 = all).
    Raises `DeclarationError` as `write_sample`.
    """
    scale = _scale()
    with tempfile.TemporaryDirectory(prefix=f"{FOLDER_PREFIX}{os.getpid()}-sample-") as folder:
        for number, (first, until) in enumerate(spans):
            out = Path(folder) / str(number)
            write_sample(source, out, (until - first).days, first=first, datasets=datasets, scale=scale)
        yield folder


def write_sample(
    source: str,
    out: Path,
    days: int,
    *,
    first: date | None = None,
    datasets: Sequence[str] = (),
    rows: int | None = None,
    as_csv: bool = False,
    scale: str = "1",
) -> str:
    """Write generated files of a source of files below `out` and say what was written.

    OpenShift's have as many `rows` as its largest report shall have, and may be the operator's payloads (`as_csv`); a
    market's are of `datasets`, all if none is named, and `scale` is the share of the files of a day.
    Raises `DeclarationError` for a source whose files are not generated, and outside of a checkout.
    """
    _check_checkout()
    if (ROOT / "tests" / "sandbox" / source / "__main__.py").is_file():
        command = ["-m", f"tests.sandbox.{source}", *(["--csv"] if as_csv else [])]
        command += ["--rows", str(rows)] if rows else []
    elif (ROOT / "tests" / "sandbox" / "markets" / f"{source}.py").is_file():
        if rows or as_csv:
            raise DeclarationError(f"--rows and --csv are openshift's; files of {source} have the rows of their days")
        command = ["-m", "tests.sandbox.markets", source, "--scale", scale]
        command += [word for dataset in datasets for word in ("--dataset", dataset)]
    else:
        raise DeclarationError(f"no sample files are generated for {source}; for openshift and the US markets they are")
    command += ["--days", str(days), *(["--first", first.isoformat()] if first else []), "--out", str(out.resolve())]
    done = subprocess.run([sys.executable, *command], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DeclarationError(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()


def _check_checkout() -> None:
    if not (ROOT / "tests" / "sandbox").is_dir():
        raise DeclarationError("samples need the repository's tests/sandbox; run from a checkout")
