"""The samples that come with the repository: publishers on loopback that behave like the real ones, and files."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.errors import DeclarationError

ROOT = Path(__file__).parent.parent
DEFAULT_SCALE = "0.01"  # of the real number of units: a year of all datasets loads in about two minutes


@contextmanager
def sample_publishers() -> Iterator[dict[str, str]]:
    """Start them, give their base URLs by source, and stop them. MILLRACE_SAMPLE_SCALE sets their size (1 = real).

    Raises `DeclarationError` outside of a checkout: they are not part of the installed package.
    """
    _check_checkout()
    scale = os.environ.get("MILLRACE_SAMPLE_SCALE", DEFAULT_SCALE)
    command = [sys.executable, "-m", "tests.sandbox", "--scale", scale, "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()


def write_sample(source: str, rows: int, out: Path, days: int, as_csv: bool) -> str:
    """Write generated files of a source of files below `out` and say what was written. `rows` are its largest report's.

    Raises `DeclarationError` for a source whose files are not generated, and outside of a checkout.
    """
    _check_checkout()
    if not (ROOT / "tests" / "sandbox" / source / "__main__.py").is_file():
        raise DeclarationError(f"no sample files are generated for {source}; for openshift they are")
    command = [sys.executable, "-m", f"tests.sandbox.{source}", "--rows", str(rows), "--days", str(days)]
    done = subprocess.run(
        [*command, "--out", str(out.resolve()), *(["--csv"] if as_csv else [])],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise DeclarationError(done.stderr.strip().splitlines()[-1])
    return done.stdout.strip()


def _check_checkout() -> None:
    if not (ROOT / "tests" / "sandbox").is_dir():
        raise DeclarationError("samples need the repository's tests/sandbox; run from a checkout")
