"""The sample publishers that come with the repository: servers on loopback that behave like the real ones."""

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
    if not (ROOT / "tests" / "sandbox").is_dir():
        raise DeclarationError("--sample needs the repository's tests/sandbox; run it from a checkout")
    scale = os.environ.get("MILLRACE_SAMPLE_SCALE", DEFAULT_SCALE)
    command = [sys.executable, "-m", "tests.sandbox", "--scale", scale, "--until-stdin-closes"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
