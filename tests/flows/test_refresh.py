"""Which days a refresh looks at, and that a failed load does not keep back what is there."""

from datetime import UTC, date, datetime

import pytest
import yaml

from flows.load import Loaded, LoadIncomplete
from flows.refresh import DAYS_TO_CATCH_UP, days_to_refresh, refresh
from loaders.catalogue import read_catalogue
from tests.loads import ROOT

ELEXON = read_catalogue().source("elexon")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2024, 7, 1, 22, 59, tzinfo=UTC), date(2024, 7, 1)),
        (datetime(2024, 7, 1, 23, 0, tzinfo=UTC), date(2024, 7, 2)),  # midnight in London
        (datetime(2024, 1, 1, 0, 0, tzinfo=UTC), date(2024, 1, 1)),
    ],
)
def test_days_end_with_the_publishers_yesterday(now: datetime, until: date) -> None:
    assert days_to_refresh(ELEXON, now, days=2)[1] == until


def test_days_reach_back_to_the_oldest_that_may_change() -> None:
    first, until = days_to_refresh(ELEXON, datetime(2024, 1, 3, 12, tzinfo=UTC))
    assert max(dataset.lookback for dataset in ELEXON.datasets.values()) == 10
    assert (until - first).days == 10 + 1 + DAYS_TO_CATCH_UP
    assert first.year == 2023


def test_what_is_revised_months_later_has_a_run_that_reaches_there() -> None:
    deployments = yaml.safe_load((ROOT / "infra" / "prefect.yaml").read_text())["deployments"]
    reached = {
        name: (one["parameters"]["days"], one["schedules"])
        for one in deployments
        for name in one.get("parameters", {}).get("datasets", ())
    }
    revised = {one.name: one.revised_after for one in ELEXON.datasets.values() if one.revised_after}
    assert reached.keys() == revised.keys() == {"b1610"}
    for name, (days, schedules) in reached.items():
        assert schedules
        assert days > max(revised[name]) + 7  # a window that a run just missed is met by the next, a week later


def test_a_failed_load_is_built_and_then_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[object, ...]] = []

    def fail(*arguments: object) -> None:
        done.append(arguments)
        raise LoadIncomplete(Loaded("two days", 2, "1 windows loaded, 1 failed"))

    monkeypatch.setattr("flows.refresh.load_days", fail)
    monkeypatch.setattr("flows.refresh.transform", lambda *days: done.append(days))
    with pytest.raises(LoadIncomplete, match="two days: some windows failed"):
        refresh.fn(datasets=["fuelhh"], days=2)
    (first, until, source, datasets), built = done
    assert (source, datasets) == ("elexon", ["fuelhh"])
    assert built == (first, until, ["--select", "@source:elexon.fuelhh"])
