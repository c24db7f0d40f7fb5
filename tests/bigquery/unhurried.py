"""dlt looks at a load job once a second; the emulator is done with it sooner."""

from __future__ import annotations

import time

ITS_SECOND = 0.02


def hurry() -> None:
    """Let dlt look at its jobs more often, in this process."""
    from dlt.destinations.impl.bigquery import bigquery

    bigquery.sleep = lambda seconds: time.sleep(seconds * ITS_SECOND)
