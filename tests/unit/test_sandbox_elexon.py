"""The sandbox's Elexon API: what the loader's tests stand on has to stand itself."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
import zlib
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.sandbox import Sandbox
from tests.sandbox.elexon.clock import period_start, stamp
from tests.sandbox.elexon.datasets import DATASETS, EVERY_DATASET
from tests.sandbox.elexon.dynamics import PARAMETERS

DAY = date(2024, 1, 2)
SPRING, AUTUMN = date(2024, 3, 31), date(2024, 10, 27)
TODAY = date(2025, 1, 1)
UNIT_SETS = ["PN", "QPN", "MELS", "MILS", "BOALF", "BOD", "MID"]
PERIOD_SETS = [*UNIT_SETS, "FUELHH", "FUELINST", "DISEBSP", "NETBSAD", "NONBM", "B1610"]
BY_INSTANT = ["SEL", "SIL", "NONBM"]
BY_PERIOD = [*UNIT_SETS, "DISBSAD", "NETBSAD", "QAS", "B1610", *(set(PARAMETERS) - set(BY_INSTANT))]
# A day may have no record: nothing happened, or it is not the day of the week.
SPARSE = ["REMIT", "SYSWARN", "NDFW", "TSDFW", "OCNMF3Y", "OCNMF3Y2", "UOU2T3YW", *PARAMETERS]
ROUTES = {
    "DISEBSP": ["/balancing/settlement/system-prices/{day}"],
    "BOAV": [f"/balancing/settlement/acceptance/volumes/all/{side}/{{day}}" for side in ("bid", "offer")],
    "EBOCF": [f"/balancing/settlement/indicative/cashflows/all/{side}/{{day}}" for side in ("bid", "offer")],
    "BM_UNITS": ["/reference/bmunits/all"],
    "FUEL_TYPES": ["/reference/fueltypes/all"],
    "INTERCONNECTORS": ["/reference/interconnectors/all"],
}


@pytest.fixture(scope="module")
def shared() -> Iterator[Sandbox]:
    with Sandbox(scale=0.01, seed=1, today=TODAY) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(shared: Sandbox) -> Iterator[Sandbox]:
    yield shared
    shared.clear_faults()


def window(code: str, day: date) -> dict[str, str]:
    """The parameters that ask for one whole window of a dataset."""
    if code in BY_INSTANT:
        return {"from": stamp(period_start(day, 1)), "to": stamp(period_start(day + timedelta(days=1), 1) - 1)}
    if code in BY_PERIOD:
        return {"from": f"{day}", "to": f"{day}", "settlementPeriodFrom": "1", "settlementPeriodTo": "50"}
    if code in ("FUELHH", "FUELINST"):
        return {"settlementDateFrom": f"{day}", "settlementDateTo": f"{day}"}
    prefix = "measurementDateTime" if code == "FREQ" else "publishDateTime"
    return {f"{prefix}From": f"{day}T00:00:00Z", f"{prefix}To": f"{day}T23:59:59Z"}


def fetch(sandbox: Sandbox, path: str, parameters: dict[str, str] | None = None, **headers: str) -> bytes:
    address = f"{sandbox.url('elexon')}{path}?{urlencode(parameters or {})}"
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as response:
        body: bytes = response.read()
    return body


def fetch_window(sandbox: Sandbox, code: str, day: date = DAY) -> list[bytes]:
    """The bodies of one window: one, or one for each side."""
    if code in ROUTES:
        return [fetch(sandbox, route.format(day=day)) for route in ROUTES[code]]
    streamed = "/stream" if EVERY_DATASET[code].has_stream else ""
    return [fetch(sandbox, f"/datasets/{code}{streamed}", window(code, day))]


def fetch_day(sandbox: Sandbox, code: str, day: date = DAY) -> bytes:
    """The body of a window that is one request."""
    [body] = fetch_window(sandbox, code, day)
    return body


def records_of(body: bytes) -> list[dict[str, Any]]:
    """The records in an answer, in an envelope or not; a bare value as a record of it."""
    read = json.loads(body)
    records = read["data"] if isinstance(read, dict) else read
    return [record if isinstance(record, dict) else {"value": record} for record in records]


def stream(sandbox: Sandbox, code: str, parameters: dict[str, str]) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(fetch(sandbox, f"/datasets/{code}/stream", parameters))
    return records


def refused(sandbox: Sandbox, path: str, parameters: dict[str, str]) -> tuple[int, Any]:
    with pytest.raises(urllib.error.HTTPError) as error:
        fetch(sandbox, path, parameters)
    return error.value.code, json.loads(error.value.read())


# --- one source of truth ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("code", EVERY_DATASET)
@pytest.mark.parametrize("day", [DAY, SPRING, AUTUMN])
def test_served_bytes_are_the_rows(sandbox: Sandbox, code: str, day: date) -> None:
    bodies = fetch_window(sandbox, code, day)
    served = [record for body in bodies for record in records_of(body)]
    rows = list(sandbox.rows(code, day))
    assert served == rows
    assert [list(record) for record in served] == [list(row) for row in rows]  # the order of the keys too
    assert rows or code in SPARSE
    if "{day}" in ROUTES.get(code, [""])[0]:
        assert all(json.loads(body)["metadata"] == {"datasets": [code]} for body in bodies)


def test_the_same_window_is_the_same_bytes_in_any_order() -> None:
    with Sandbox(scale=0.01, today=TODAY) as one, Sandbox(scale=0.01, today=TODAY) as other:
        days = [DAY, date(2024, 7, 1), SPRING]
        first = {(code, day): fetch_window(one, code, day) for code in EVERY_DATASET for day in days}
        again = {
            (code, day): fetch_window(other, code, day) for day in reversed(days) for code in reversed(EVERY_DATASET)
        }
    assert first == again


def test_another_seed_is_another_history() -> None:
    left, right = Sandbox(scale=0.01, today=TODAY), Sandbox(scale=0.01, seed=2, today=TODAY)
    assert list(left.rows("PN", DAY)) != list(right.rows("PN", DAY))


def test_a_scale_is_a_prefix_of_a_larger_one() -> None:
    small, large = Sandbox(scale=0.01, today=TODAY), Sandbox(scale=0.05, today=TODAY)
    names = {row["nationalGridBmUnit"] for row in small.rows("PN", DAY)}
    kept = [row for row in large.rows("PN", DAY) if row["nationalGridBmUnit"] in names]
    assert kept == list(small.rows("PN", DAY))


# --- volume and time -------------------------------------------------------------------------------------------------


def test_volumes_at_a_twentieth() -> None:
    sandbox = Sandbox(scale=0.05, today=TODAY)
    counts = {code: sum(1 for _ in sandbox.rows(code, DAY)) for code in EVERY_DATASET}
    expected = {"PN": 6_000, "QPN": 5_400, "MELS": 5_650, "MILS": 5_350, "BOALF": 800, "FREQ": 288, "BM_UNITS": 137}
    expected |= {"NDF": 224, "INDDEM": 2_016, "UOU2T14D": 416, "LOLPDRM": 108, "FUELHH": 960, "MID": 96, "DISEBSP": 48}
    for code, rows in expected.items():
        assert counts[code] == pytest.approx(rows, rel=0.05), code
    assert counts["BOD"] == pytest.approx(8_450, rel=0.15)  # 60 units with one to five pairs
    assert counts["FUELINST"] == 960  # one instant in each half-hour at least
    assert counts["REMIT"] == pytest.approx(20, abs=10)


def test_volumes_at_full_scale() -> None:
    sandbox = Sandbox(scale=1, today=TODAY)
    published = {"PN": 120_000, "QPN": 108_000, "MELS": 113_000, "MILS": 107_000, "BOD": 169_000, "BOALF": 16_000}
    published |= {"FREQ": 5_760, "FUELINST": 5_760, "NDF": 2_688, "INDDEM": 48_384, "REMIT": 400}
    published |= {"WINDFOR": 592, "LOLPDRM": 2_592, "DISBSAD": 373, "INDO": 48, "NDFD": 13}
    for code, rows in published.items():
        layout = EVERY_DATASET[code]
        generated = sum(1 for _, records in sandbox.elexon._parts(code, _whole(code)) for _ in records)
        assert generated == pytest.approx(rows, rel=0.02), (code, layout)
    assert sum(1 for _ in sandbox.rows("BM_UNITS", DAY)) == 2_733


def _whole(code: str) -> Any:
    from tests.sandbox.elexon.windows import whole_day, whole_utc_day

    instant = EVERY_DATASET[code].instant
    return whole_utc_day(instant, DAY) if instant else whole_day(DAY)


@pytest.mark.parametrize(("day", "periods"), [(DAY, 48), (SPRING, 46), (AUTUMN, 50)])
@pytest.mark.parametrize("code", PERIOD_SETS)
def test_settlement_days_have_their_periods(sandbox: Sandbox, code: str, day: date, periods: int) -> None:
    rows = list(sandbox.rows(code, day))
    if code == "BOALF":
        assert {row["settlementPeriodTo"] for row in rows} <= set(range(1, periods + 1))
        return
    assert {row["settlementPeriod"] for row in rows} == set(range(1, periods + 1))


def test_the_repeated_hour_has_its_own_instants(sandbox: Sandbox) -> None:
    starts = {row["settlementPeriod"]: row["startTime"] for row in sandbox.rows("DISEBSP", AUTUMN)}
    assert (starts[1], starts[4], starts[5], starts[50]) == (
        "2024-10-26T23:00:00Z",
        "2024-10-27T00:30:00Z",
        "2024-10-27T01:00:00Z",
        "2024-10-27T23:30:00Z",
    )


# --- physical sense --------------------------------------------------------------------------------------------------


def test_segments_cover_each_half_hour_exactly(sandbox: Sandbox) -> None:
    for code in ("PN", "QPN", "MELS", "MILS"):
        seconds: dict[tuple[Any, ...], int] = defaultdict(int)
        ends: dict[tuple[Any, ...], str] = {}
        pieces: Counter[tuple[Any, ...]] = Counter()
        for row in sandbox.rows(code, DAY):
            key = row["nationalGridBmUnit"], row["settlementPeriod"]
            begin, end = _instant(row["timeFrom"]), _instant(row["timeTo"])
            seconds[key] += int((end - begin).total_seconds())
            assert ends.get(key, row["timeFrom"]) == row["timeFrom"]
            ends[key] = str(row["timeTo"])
            pieces[key] += 1
        assert set(seconds.values()) == {1_800}
        assert set(pieces.values()) == {1, 2, 3, 4, 5, 6}
    assert any(row["levelFrom"] != row["levelTo"] for row in sandbox.rows("PN", DAY))


def test_notified_levels_join_over_midnight(sandbox: Sandbox) -> None:
    ends = {row["nationalGridBmUnit"]: row["levelTo"] for row in sandbox.rows("PN", DAY)}
    starts: dict[object, object] = {}
    for row in sandbox.rows("PN", date(2024, 1, 3)):
        starts.setdefault(row["nationalGridBmUnit"], row["levelFrom"])
    assert ends == starts


def test_levels_stay_within_limits_but_for_a_few() -> None:
    sandbox = Sandbox(scale=0.2, today=TODAY)

    def extreme(code: str, choose: Any) -> dict[tuple[Any, Any], Any]:
        found: dict[tuple[Any, Any], list[Any]] = defaultdict(list)
        for row in sandbox.rows(code, DAY):
            found[row["nationalGridBmUnit"], row["settlementPeriod"]] += [row["levelFrom"], row["levelTo"]]
        return {key: choose(levels) for key, levels in found.items()}

    level, ceiling, floor = extreme("PN", max), extreme("MELS", min), extreme("MILS", max)
    lowest = extreme("PN", min)
    assert all(lowest[key] >= floor[key] for key in lowest)
    breaches = sum(level[key] > ceiling[key] for key in level)
    assert 0 < breaches < 0.02 * len(level)


def test_units_are_the_same_everywhere(sandbox: Sandbox) -> None:
    register = {row["nationalGridBmUnit"]: row for row in sandbox.rows("BM_UNITS", DAY)}
    for code in ("PN", "QPN", "MELS", "MILS", "BOD", "BOALF"):
        for row in sandbox.rows(code, DAY):
            entry = register[row["nationalGridBmUnit"]]
            assert row.get("bmUnit") == entry["elexonBmUnit"]
            assert "bmUnit" in row or entry["elexonBmUnit"] is None
    assert any("bmUnit" not in row for row in sandbox.rows("PN", DAY))
    assert {"WIND", "CCGT", "NUCLEAR", "PS", "BIOMASS", None} <= {entry["fuelType"] for entry in register.values()}
    rows = list(sandbox.rows("BM_UNITS", DAY))
    assert len(rows) == len(register) + 1  # one unit is listed under two codes
    assert len({(row["nationalGridBmUnit"], row["eic"]) for row in rows}) == len(rows)
    assert {len(row) for row in rows} == {22}


def test_acceptances_overlap_and_cross(sandbox: Sandbox) -> None:
    rows = list(sandbox.rows("BOALF", DAY))
    keys = [(r["nationalGridBmUnit"], r["acceptanceNumber"], r["acceptanceTime"], r["timeFrom"]) for r in rows]
    assert len(set(keys)) == len(rows)
    assert any(row["settlementPeriodFrom"] != row["settlementPeriodTo"] for row in rows)
    assert any(row["settlementDate"] == "2024-01-01" for row in rows)
    assert any(row["settlementDate"] == f"{DAY}" and str(row["timeTo"]) > "2024-01-03" for row in rows)
    assert {"ORI"} == {row["amendmentFlag"] for row in rows if "amendmentFlag" in row}
    spans: dict[Any, dict[Any, list[Any]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        spans[row["nationalGridBmUnit"]][row["acceptanceTime"]] += [row["timeFrom"], row["timeTo"]]
    overlapping = 0
    for unit in spans.values():
        ordered = [(min(times), max(times)) for _, times in sorted(unit.items())]
        assert ordered == sorted(ordered)  # the later acceptance is the later instruction
        overlapping += sum(earlier[1] > later[0] for earlier, later in pairwise(ordered))
    assert overlapping > 10


def test_prices_make_sense() -> None:
    sandbox = Sandbox(scale=0.01, today=TODAY)
    days = [date(2024, month, 5) for month in range(1, 13)]
    prices = [row for day in days for row in sandbox.rows("DISEBSP", day)]
    assert all(row["systemSellPrice"] == row["systemBuyPrice"] for row in prices)
    assert min(float(str(row["systemSellPrice"])) for row in prices) < 0
    volumes = [float(str(row["netImbalanceVolume"])) for row in prices]
    assert min(volumes) < 0 < max(volumes)
    index = [row for day in days for row in sandbox.rows("MID", day)]
    assert Counter(row["dataProvider"] for row in index)["N2EXMIDP"] == len(index) / 2
    assert sum(row["volume"] == 0 and row["price"] == 0 for row in index) > len(index) / 4
    pairs = list(sandbox.rows("BOD", DAY))
    assert {row["pairId"] for row in pairs} == {-5, -4, -3, -2, -1, 1, 2, 3, 4, 5}
    assert all(float(str(row["offer"])) >= float(str(row["bid"])) for row in pairs)
    assert {99_999.0, -99_999.0} <= {row["offer"] for row in pairs} | {row["bid"] for row in pairs}


def test_generation_by_fuel_agrees_with_itself() -> None:
    sandbox = Sandbox(scale=1, today=TODAY)
    halves: dict[tuple[Any, Any], Any] = {
        (row["settlementPeriod"], row["fuelType"]): row["generation"] for row in sandbox.rows("FUELHH", DAY)
    }
    parts: dict[tuple[Any, Any], list[Any]] = defaultdict(list)
    for row in sandbox.rows("FUELINST", DAY):
        parts[row["settlementPeriod"], row["fuelType"]].append(row["generation"])
    assert {fuel for _, fuel in halves} == {fuel for _, fuel in parts}
    assert len({fuel for _, fuel in halves}) == 20
    assert all(sum(values) / 6 == halves[key] for key, values in parts.items())
    assert min(value for (_, fuel), value in halves.items() if fuel == "PS") < 0
    assert min(value for (_, fuel), value in halves.items() if str(fuel).startswith("INT")) < 0


def test_remit_leaves_nulls_out_and_nests() -> None:
    sandbox = Sandbox(scale=1, today=TODAY)
    rows = [row for day in (DAY, date(2024, 1, 3)) for row in sandbox.rows("REMIT", day)]
    assert all(value is not None for row in rows for value in row.values())
    for key, low, high in [("assetType", 0.4, 0.75), ("affectedArea", 0.4, 0.75), ("outageProfile", 0.15, 0.35)]:
        assert low < sum(key in row for row in rows) / len(rows) < high, key
    assert len({(row["mrid"], row["revisionNumber"]) for row in rows}) == len(rows)
    assert max(Counter(row["mrid"] for row in rows).values()) > 1
    assert max(str(row["eventEndTime"]) for row in rows).startswith("2050")


# --- windows ---------------------------------------------------------------------------------------------------------


def test_publication_windows_are_closed(sandbox: Sandbox) -> None:
    closed = {"publishDateTimeFrom": f"{DAY}T00:00:00Z", "publishDateTimeTo": "2024-01-03T00:00:00Z"}
    for code in ("NDF", "INDDEM"):
        days = {row["publishTime"][:10] for row in stream(sandbox, code, closed)}
        assert days == {"2024-01-02", "2024-01-03"}, code  # the trap: the next day's first publication comes along
        assert {row["publishTime"][:10] for row in stream(sandbox, code, window(code, DAY))} == {"2024-01-02"}
    measured = {"measurementDateTimeFrom": f"{DAY}T00:00:00Z", "measurementDateTimeTo": "2024-01-03T00:00:00Z"}
    assert stream(sandbox, "FREQ", measured)[-1]["measurementTime"] == "2024-01-03T00:00:00Z"


def test_from_and_to_mean_the_periods_that_contain_them(sandbox: Sandbox) -> None:
    def periods(**parameters: str) -> list[tuple[str, int]]:
        named = {name.rstrip("_"): value for name, value in parameters.items()}
        rows = stream(sandbox, "PN", named)
        return sorted({(row["settlementDate"], row["settlementPeriod"]) for row in rows})

    assert periods(from_="2024-01-02T01:10:00Z", to="2024-01-02T02:00:00Z") == [
        ("2024-01-02", 3),
        ("2024-01-02", 4),
        ("2024-01-02", 5),
    ]
    # UTC midnights cut a summer's settlement day: it starts at 23:00.
    assert periods(from_="2024-07-02", to="2024-07-02T00:00:00Z") == [("2024-07-02", 3)]
    assert periods(from_="2024-07-02", to="2024-07-02", settlementPeriodFrom="1", settlementPeriodTo="1") == [
        ("2024-07-02", 1)
    ]
    assert periods(from_=f"{DAY}", to=f"{DAY}", settlementPeriodFrom="49", settlementPeriodTo="50") == []


def test_a_segment_over_midnight_comes_with_both_days_and_once_with_the_two(sandbox: Sandbox) -> None:
    def keys(rows: Any) -> list[tuple[Any, ...]]:
        return [(r["nationalGridBmUnit"], r["acceptanceNumber"], r["timeFrom"]) for r in rows]

    next_day = date(2024, 1, 3)
    first, second = keys(sandbox.rows("BOALF", DAY)), keys(sandbox.rows("BOALF", next_day))
    assert set(first) & set(second)
    both = keys(stream(sandbox, "BOALF", window("BOALF", DAY) | {"to": f"{next_day}"}))
    assert len(both) == len(set(both))
    assert set(both) == set(first) | set(second)


def test_unknown_parameters_mean_the_latest_publication(sandbox: Sandbox) -> None:
    asked = {"from": f"{DAY}", "to": f"{DAY}"}
    assert {row["publishTime"][:10] for row in stream(sandbox, "NDF", asked)} == {"2024-12-31"}
    assert len(stream(sandbox, "NDF", asked)) == 56
    assert {row["measurementTime"][:10] for row in stream(sandbox, "FREQ", window("NDF", DAY))} == {"2024-12-31"}
    assert {row["settlementDate"] for row in stream(sandbox, "FUELHH", asked)} == {"2024-12-31"}


def test_a_publisher_that_ignores_every_window(sandbox: Sandbox) -> None:
    sandbox.ignore_parameters = True
    for code in (code for code in EVERY_DATASET if window_key(code)):
        rows = [record for body in fetch_window(sandbox, code) for record in records_of(body)]
        assert min(str(row[window_key(code)]) for row in rows) >= "2024-12-01", code


def window_key(code: str) -> str:
    """The key that puts a record into a window; a register has none."""
    registers = code in ROUTES and "{day}" not in ROUTES[code][0]
    return "" if registers else EVERY_DATASET[code].instant or "settlementDate"


def test_fuel_by_publication_time_equals_fuel_by_settlement_day(sandbox: Sandbox) -> None:
    published = stream(sandbox, "FUELHH", {"publishDateTimeFrom": f"{DAY}T00:30Z", "publishDateTimeTo": "2024-01-03"})
    assert published == list(sandbox.rows("FUELHH", DAY))


def test_days_that_are_not_published_are_empty(sandbox: Sandbox) -> None:
    for code in (code for code in EVERY_DATASET if window_key(code)):
        for day in (date(2015, 12, 31), TODAY, date(2030, 1, 1)):
            assert [records_of(body) for body in fetch_window(sandbox, code, day)] in ([[]], [[], []]), (code, day)


def test_metered_volumes_come_a_week_later(sandbox: Sandbox) -> None:
    assert list(sandbox.rows("B1610", date(2024, 12, 24)))
    assert not list(sandbox.rows("B1610", date(2024, 12, 25)))


def test_weekly_sets_come_on_thursdays(sandbox: Sandbox) -> None:
    week = [date(2024, 3, 25) + timedelta(days=k) for k in range(7)]
    for code, size in (("NDFW", 51), ("TSDFW", 51), ("OCNMF3Y", 155), ("OCNMF3Y2", 155)):
        assert [len(list(sandbox.rows(code, day))) for day in week] == [0, 0, 0, size, 0, 0, 0]


def test_rates_are_sparse_and_some_change_twice_in_a_half_hour(sandbox: Sandbox) -> None:
    year = [list(sandbox.rows("RDRI", date(2024, 1, 1) + timedelta(days=k))) for k in range(60)]
    assert {"elbow2" in record for day in year for record in day} == {False, True}
    assert any(day and all("elbow2" not in record for record in day) for day in year)
    keys = ("settlementDate", "settlementPeriod", "nationalGridBmUnit")
    pairs = [tuple(record[key] for key in keys) for day in year for record in day]
    assert len(pairs) > len(set(pairs))


def test_the_sides_of_an_acceptance_have_their_signs(sandbox: Sandbox) -> None:
    for code, key in (("BOAV", "totalVolumeAccepted"), ("EBOCF", "totalCashflow")):
        sides = [row for side in ("bid", "offer") for row in sandbox.rows(code, DAY, side=side)]
        assert list(sandbox.rows(code, DAY)) == sides
        assert all(row[key] for row in sandbox.rows(code, DAY))
    assert all(row["totalVolumeAccepted"] < 0 for row in sandbox.rows("BOAV", DAY, side="bid"))
    assert all(row["totalVolumeAccepted"] > 0 for row in sandbox.rows("BOAV", DAY, side="offer"))


def test_the_publishers_count_sees_no_fault(sandbox: Sandbox) -> None:
    def counted(code: str) -> dict[int, int]:
        days = {"settlementDateFrom": f"{AUTUMN}", "settlementDateTo": f"{AUTUMN}"}
        rows = records_of(fetch(sandbox, f"/data-status/{code}", days))
        return {row["settlementPeriod"]: row["dataPointCount"] for row in rows}

    for code in ("PN", "BOAV", "FREQ"):
        before = counted(code)
        assert len(before) == 50
        sandbox.hole(code, range(5, 7), on=AUTUMN)
        assert counted(code) == before
    assert sum(counted("PN").values()) == len(list(sandbox.rows("PN", AUTUMN)))
    served = [record for body in fetch_window(sandbox, "PN", AUTUMN) for record in records_of(body)]
    assert {record["settlementPeriod"] for record in served} == set(range(1, 51)) - {5, 6}
    sandbox.hole("PN", range(5, 7), on=AUTUMN, at_the_publisher=True)
    assert [period for period, count in counted("PN").items() if not count] == [5, 6]
    assert refused(sandbox, "/data-status/NDF", {})[0] == 404
    year = {"settlementDateFrom": "2024-01-01", "settlementDateTo": "2024-12-31"}
    assert "31 days" in str(refused(sandbox, "/data-status/PN", year))


def test_filters(sandbox: Sandbox) -> None:
    unit = str(next(iter(sandbox.rows("PN", DAY)))["bmUnit"])
    assert {row["bmUnit"] for row in stream(sandbox, "PN", window("PN", DAY) | {"bmUnit": unit})} == {unit}
    wind = stream(sandbox, "FUELHH", window("FUELHH", DAY) | {"fuelType": "WIND"})
    assert len(wind) == 48


# --- refusals --------------------------------------------------------------------------------------------------------


def test_routes_that_are_not_there(sandbox: Sandbox) -> None:
    for path in ("/datasets/NOPE/stream", "/datasets/DISEBSP", "/nothing", "/datasets/PN/stream/more"):
        assert refused(sandbox, path, window("PN", DAY))[0] == 404
    for code in UNIT_SETS:  # a required parameter that is missing
        assert refused(sandbox, f"/datasets/{code}/stream", {"from": f"{DAY}"})[0] == 404
    assert refused(sandbox, "/datasets/REMIT/stream", window("PN", DAY))[0] == 404
    assert refused(sandbox, "/datasets/PN", window("PN", DAY))[0] == 404  # without /stream: one period a call
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(f"{sandbox.root}/pjm/data")


def test_values_that_are_refused(sandbox: Sandbox) -> None:
    stream_path = "/datasets/PN/stream"
    day = f"{DAY}"
    for bad in (
        {"from": "yesterday", "to": day},
        {"from": day, "to": "2024-02-30"},
        {"from": day, "to": "2024-01-01"},
        {"from": day, "to": day, "settlementPeriodFrom": "51"},
    ):
        status, body = refused(sandbox, stream_path, bad)
        assert status == 400
        assert list(body) == ["errors"]
    assert refused(sandbox, "/balancing/settlement/system-prices/02-01-2024", {})[0] == 400
    assert refused(sandbox, "/datasets/FUELHH/stream", window("FUELHH", DAY) | window("NDF", DAY))[0] == 400


def test_caps_of_the_routes_without_stream(sandbox: Sandbox) -> None:
    status, body = refused(sandbox, "/datasets/BOD", {"from": f"{DAY}T00:00Z", "to": f"{DAY}T01:01Z"})
    message = "The date range between From and To inclusive must not exceed 1 hour"
    assert (status, body) == (400, {"errors": {"": [message]}})
    hour = json.loads(fetch(sandbox, "/datasets/BOD", {"from": f"{DAY}T00:00Z", "to": f"{DAY}T01:00Z"}))["data"]
    assert {row["settlementPeriod"] for row in hour} == {1, 2, 3}
    longest = json.loads(fetch(sandbox, "/datasets/BOALF", window("BOALF", AUTUMN)))["data"]
    assert longest == list(sandbox.rows("BOALF", AUTUMN))
    one = json.loads(fetch(sandbox, "/datasets/PN", {"settlementDate": f"{DAY}", "settlementPeriod": "7"}))["data"]
    assert one == [row for row in sandbox.rows("PN", DAY) if row["settlementPeriod"] == 7]


def test_latest_updates_name_every_dataset(sandbox: Sandbox) -> None:
    updates = json.loads(fetch(sandbox, "/datasets/metadata/latest"))["data"]
    assert {update["dataset"] for update in updates} == set(DATASETS)


# --- faults ----------------------------------------------------------------------------------------------------------


def test_statuses_on_demand(sandbox: Sandbox) -> None:
    for kind in ("429", "500", "503", "404"):
        sandbox.fail("PN", kind, on="2024-01-02", retry_after=3 if kind == "429" else None)
        assert fetch_day(sandbox, "PN", date(2024, 1, 3))  # another day
        assert fetch_day(sandbox, "QPN")  # another dataset
        with pytest.raises(urllib.error.HTTPError) as error:
            fetch_day(sandbox, "PN")
        assert error.value.code == int(kind)
        assert error.value.headers["Retry-After"] == ("3" if kind == "429" else None)
        assert json.loads(fetch_day(sandbox, "PN"))  # once only


@pytest.mark.parametrize(
    ("kind", "body"), [("empty_body", b""), ("empty_list", b"[]"), ("error_object", b'{"errors":')]
)
def test_a_200_that_is_no_data(sandbox: Sandbox, kind: str, body: bytes) -> None:
    sandbox.fail("PN", kind)
    answer = fetch_day(sandbox, "PN")
    assert answer.startswith(body) and len(answer) < 200
    sandbox.fail("PN", "html")
    assert fetch_day(sandbox, "PN").startswith(b"<!DOCTYPE html>")


def test_a_reset_in_the_body(sandbox: Sandbox) -> None:
    sandbox.fail("PN", "reset", after_bytes=5_000)
    with pytest.raises((ConnectionResetError, http.client.IncompleteRead)):
        fetch_day(sandbox, "PN")


def test_a_body_that_promises_more(sandbox: Sandbox) -> None:
    sandbox.fail("PN", "wrong_length", after_bytes=5_000)
    with pytest.raises(http.client.IncompleteRead) as error:
        fetch_day(sandbox, "PN")
    assert len(error.value.partial) == 5_000


@pytest.mark.parametrize("after_bytes", [0, 5_000, 10_000_000])
def test_a_body_that_ends_early_and_properly(sandbox: Sandbox, after_bytes: int) -> None:
    whole = fetch_day(sandbox, "PN")
    sandbox.fail("PN", "truncate", after_bytes=after_bytes)
    cut = fetch_day(sandbox, "PN")
    assert whole.startswith(cut) and len(cut) < len(whole)
    assert len(cut) == after_bytes or after_bytes > len(whole)


def test_truncated_gzip(sandbox: Sandbox) -> None:
    sandbox.fail("PN", "truncate_gzip", after_bytes=2_000)
    packed = fetch_day(sandbox, "PN")
    unpacker = zlib.decompressobj(wbits=31)
    assert unpacker.decompress(packed).startswith(b'[{"dataset":"PN"')
    assert not unpacker.eof


def test_gzip_only_for_those_who_accept_it() -> None:
    with Sandbox(scale=0.01, today=TODAY, gzip=True) as sandbox:
        plain = fetch_day(sandbox, "PN")
        packed = fetch(sandbox, "/datasets/PN/stream", window("PN", DAY), **{"Accept-Encoding": "gzip"})
    assert plain.startswith(b"[{")
    assert zlib.decompress(packed, wbits=31) == plain


def test_malformed_in_the_middle(sandbox: Sandbox) -> None:
    whole = fetch_day(sandbox, "PN")
    sandbox.fail("PN", "malformed", after_bytes=70_000)
    body = fetch_day(sandbox, "PN")
    assert body[:70_000] == whole[:70_000] and body.endswith(whole[70_000:])
    with pytest.raises(json.JSONDecodeError):
        json.loads(body)


def test_a_late_undeclared_key_and_a_page_twice(sandbox: Sandbox) -> None:
    rows = list(sandbox.rows("PN", DAY))
    sandbox.fail("PN", "undeclared_key")
    assert json.loads(fetch_day(sandbox, "PN")) == [*rows[:-1], rows[-1] | {"undeclaredKey": "surprise"}]
    sandbox.fail("PN", "duplicate_page")
    assert json.loads(fetch_day(sandbox, "PN")) == rows + rows[:100]


def test_slow_drip_and_ignored_parameters_by_fault(sandbox: Sandbox) -> None:
    sandbox.fail("MID", "slow_drip", after_bytes=1_000, delay=0.0)
    assert json.loads(fetch_day(sandbox, "MID")) == list(sandbox.rows("MID", DAY))
    sandbox.fail("MID", "ignore_parameters")
    assert {row["settlementDate"] for row in json.loads(fetch_day(sandbox, "MID"))} == {"2024-12-31"}


def test_mutations(sandbox: Sandbox) -> None:
    def change(rows: Iterator[dict[str, object]]) -> Iterator[dict[str, object] | bytes]:
        yield next(rows) | {"levelFrom": "high"}
        yield b'{"broken":\xff'
        yield from rows

    sandbox.mutate("PN", change, on="2024-01-02")
    body = fetch_day(sandbox, "PN")
    assert b'"levelFrom":"high"' in body and b',{"broken":\xff,' in body
    assert json.loads(fetch_day(sandbox, "PN", SPRING)) == list(sandbox.rows("PN", SPRING))
    assert json.loads(fetch_day(sandbox, "QPN")) == list(sandbox.rows("QPN", DAY))


def test_mistakes_in_tests_are_told(sandbox: Sandbox) -> None:
    with pytest.raises(ValueError, match="no fault 'explode'"):
        sandbox.fail("PN", "explode")
    with pytest.raises(ValueError, match="no Elexon dataset 'PNN'"):
        sandbox.fail("PNN", "500")


def test_requests_are_recorded(sandbox: Sandbox) -> None:
    before = len(sandbox.requests)
    fetch_day(sandbox, "PN")
    assert sandbox.requests[before:] == [("/elexon/bmrs/api/v1/datasets/PN/stream", window("PN", DAY))]


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_serves_faults_and_ends_with_its_parent() -> None:
    command = [sys.executable, "-m", "tests.sandbox", "--today", "2025-01-01", "--until-stdin-closes"]
    root = Path(__file__).resolve().parents[2]
    process = subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None and process.stdout is not None
    try:
        address = json.loads(process.stdout.readline())["elexon"]
        server = address.removesuffix("/elexon/bmrs/api/v1")
        prices = f"{address}/balancing/settlement/system-prices/{DAY}"
        fault = json.dumps({"dataset": "DISEBSP", "kind": "503", "on": f"{DAY}"}).encode()
        urllib.request.urlopen(f"{server}/_faults", data=fault, timeout=10).read()
        with pytest.raises(urllib.error.HTTPError, match="503"):
            urllib.request.urlopen(prices, timeout=10)
        with pytest.raises(urllib.error.HTTPError, match="400"):
            urllib.request.urlopen(f"{server}/_faults", data=b'{"kind":"explode"}', timeout=10)
        served = json.loads(urllib.request.urlopen(prices, timeout=10).read())["data"]
        assert served == list(Sandbox(scale=0.01, today=TODAY).rows("DISEBSP", DAY))
        log = json.loads(urllib.request.urlopen(f"{server}/_requests", timeout=10).read())
        assert [entry["path"] for entry in log] == [prices.removeprefix(server)] * 2
        process.stdin.close()
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


# --- replay ----------------------------------------------------------------------------------------------------------


def test_replayed_records_pass_through_the_same_windows(tmp_path: Path) -> None:
    kept = {"dataset": "PN", "settlementDate": f"{DAY}", "settlementPeriod": 3, "bmUnit": None}
    other = kept | {"settlementPeriod": 4}
    for name, text in [
        ("pn.json", json.dumps([kept, other])),
        ("data.json", json.dumps({"data": [kept, other]})),
        ("pn.jsonl", f"{json.dumps(kept)}\n{json.dumps(other)}\n"),
    ]:
        path = tmp_path / name
        path.write_text(text)
        with Sandbox(scale=0.01, replay={"PN": path}) as sandbox:
            assert stream(sandbox, "PN", window("PN", DAY)) == [kept, other]
            assert stream(sandbox, "PN", window("PN", DAY) | {"settlementPeriodTo": "3"}) == [kept]
            assert stream(sandbox, "PN", window("PN", SPRING)) == []
            assert list(sandbox.rows("PN", DAY)) == [kept, other]


def published_file(name: str) -> Path:
    folder = os.environ.get("MILLRACE_PUBLISHED_DATA")
    if not folder:
        pytest.skip("MILLRACE_PUBLISHED_DATA is not set")
    return Path(folder) / "elexon" / "samples" / name


@pytest.mark.published
def test_published_physical_notifications() -> None:
    path = published_file("PN/pn_2022-03-19_sp27_all_bmus.insights_shape.json")
    with Sandbox(scale=0.01, replay={"PN": path}) as sandbox:
        rows = stream(sandbox, "PN", window("PN", date(2022, 3, 19)))
        assert len(rows) == 1_540
        assert stream(sandbox, "PN", window("PN", date(2022, 3, 20))) == []
    hours = [(_instant(r["timeTo"]) - _instant(r["timeFrom"])).total_seconds() / 3_600 for r in rows]
    energy = sum((r["levelFrom"] + r["levelTo"]) / 2 * h for r, h in zip(rows, hours, strict=True))
    assert energy == pytest.approx(448.9, abs=0.001)


WITHOUT_NULLS = ("REMIT", "BOALF", "RDRI", "RURE", "RURI")


@pytest.mark.published
@pytest.mark.parametrize("code", sorted(DATASETS))
def test_keys_stand_in_the_published_order(sandbox: Sandbox, code: str) -> None:
    name = f"{code}.json" if code in ("INDO", "ITSDO", "TEMP") else f"{code}_stream.json"  # these have no stream
    example = json.loads(published_file(f"_openapi_examples/{name}").read_text())
    example = (example["data"] if isinstance(example, dict) else example)[0]
    for row in sandbox.rows(code, DAY):
        keys = [key for key in row if (code, key) != ("REMIT", "id")]  # which came after the documentation's example
        assert keys == [key for key in example if key in row]
        assert all(key in row for key in example) or code in WITHOUT_NULLS or "bmUnit" not in row


@pytest.mark.published
def test_published_acceptances_overlap_their_window() -> None:
    path = published_file("BOALF/boalf_2022-03-19_sp27_all_bmus.insights_shape.json")
    with Sandbox(scale=0.01, replay={"BOALF": path}) as sandbox:
        asked = window("BOALF", date(2022, 3, 19)) | {"settlementPeriodFrom": "27", "settlementPeriodTo": "27"}
        assert len(stream(sandbox, "BOALF", asked)) == 121


@pytest.mark.published
def test_published_parquet_and_messages() -> None:
    replay = {
        "DISEBSP": published_file("SYSTEM_PRICES/system_prices_2019-04-08_2022-05-25.insights_shape.parquet"),
        "FUELHH": published_file("FUELHH/fuelhh_2022-01-01_2022-08-05.insights_shape.parquet"),
        "REMIT": published_file("REMIT/remit_raw_messages.jsonl"),
        "BM_UNITS": published_file("_reference/bmunits_all.json"),
    }
    with Sandbox(scale=0.01, replay=replay) as sandbox:
        short, long = date(2022, 3, 27), date(2021, 10, 31)
        assert len(json.loads(fetch_day(sandbox, "DISEBSP", short))["data"]) == 46
        assert len(json.loads(fetch_day(sandbox, "DISEBSP", long))["data"]) == 50
        fuels = json.loads(fetch_day(sandbox, "FUELHH", short))
        assert {row["settlementPeriod"] for row in fuels} == set(range(1, 47))
        assert {row["publishTime"] for row in fuels} == {None}  # null stays null
        messages = json.loads(fetch_day(sandbox, "REMIT", date(2025, 6, 30)))
        assert messages and {row["publishTime"][:10] for row in messages} == {"2025-06-30"}
        assert len(json.loads(fetch_day(sandbox, "BM_UNITS"))) == 2_733


def _instant(text: object) -> datetime:
    return datetime.fromisoformat(str(text))
