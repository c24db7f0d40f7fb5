"""Files of the US power markets, made up, in each market's own dialect with its quirks."""

from collections.abc import Callable
from datetime import date

from tests.sandbox.markets import caiso, ercot, isone, miso, nyiso, pjm, spp
from tests.sandbox.markets.world import File

Writer = Callable[[date], list[File]]
# By source and dataset: the files of a market's day.
WRITERS: dict[str, dict[str, Writer]] = {
    "pjm": pjm.WRITERS,
    "caiso": caiso.WRITERS,
    "nyiso": nyiso.WRITERS,
    "ercot": ercot.WRITERS,
    "miso": miso.WRITERS,
    "isone": isone.WRITERS,
    "spp": spp.WRITERS,
}

__all__ = ["WRITERS", "File", "Writer"]
