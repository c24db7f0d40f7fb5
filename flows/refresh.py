"""The daily run: load what is new or may still change, then build what it touches."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from prefect import flow

from flows.load import LoadIncomplete, load_days
from flows.transform import transform
from loaders.catalogue import Source, read_catalogue

DAYS_TO_CATCH_UP = 7  # a week without a run, or of a failing window, is made up for without a backfill


def days_to_refresh(source: Source, now: datetime, days: int | None = None) -> tuple[date, date]:
    """The last `days` whole days of the publisher's calendar, as [first, until). `now` has a time zone.

    The default goes back to the oldest day that changes from run to run, by the largest declared lookback, or is not
    published before, and DAYS_TO_CATCH_UP further. Going further back costs no request: the loader skips what is done
    and settled. What is revised months later (`revised_after`) has a run of its own, because the build would be of
    all these months.
    """
    until = now.astimezone(ZoneInfo(source.time_zone)).date()
    if days is None:
        oldest = max(max(dataset.lookback, dataset.published_after) for dataset in source.datasets.values())
        days = oldest + 1 + DAYS_TO_CATCH_UP
    return until - timedelta(days=days), until


@flow(name="refresh", flow_run_name="refresh {source}")
def refresh(source: str = "elexon", datasets: list[str] | None = None, days: int | None = None) -> None:
    """Load the last days of a source (see `days_to_refresh`) and build over the same days.

    With `datasets` only these are loaded, and what reads them is built, with all else that it reads.
    A load that is not complete does not keep back what is there: the build still runs, then the run fails.
    Raises `LoadIncomplete`, and what `transform` raises.
    """
    declared = read_catalogue().source(source)
    first, until = days_to_refresh(declared, datetime.now(ZoneInfo(declared.time_zone)), days)
    incomplete: LoadIncomplete | None = None
    try:
        load_days(first, until, source, datasets)
    except LoadIncomplete as error:
        incomplete = error
    readers = [f"@source:{source}.{dataset}" for dataset in datasets or ()]
    transform(first, until, ["--select", *readers] if readers else None)
    if incomplete:
        raise incomplete
