"""ISO-NE: comment, header, data and total rows, 02X in the repeated hour, no end of line at the end; and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from tests.sandbox.markets.world import EASTERN, File, amount, local, price, starts

LOCATIONS = {
    "4000": (".H.INTERNAL_HUB", "HUB"),
    "4001": (".Z.MAINE", "LOAD ZONE"),
    "68507": ("LD.JEPSON  69  ", "NETWORK NODE"),
}
PRICES = '"Locational Marginal Price","Energy Component","Congestion Component","Marginal Loss Component"'
TYPES = '"Number","Number","Number","Number"'


def hour_ending(at: datetime) -> str:
    shown = local(at, EASTERN)
    return f"{shown.at.hour + 1:02}{'X' * shown.is_second}"


def report(title: str, name: str, day: date, header: list[str], rows: list[str]) -> bytes:
    comments = [
        title,
        f"Filename: {name}",
        f"Report for: {day:%m/%d/%Y} - {day:%m/%d/%Y}",
        "Report generated: 01/01/2025 12:36:13 EST",
    ]
    text = [*(f'"C","{comment}"' for comment in comments), *header, *rows, f'"T","{len(rows)} lines"']
    return "\n".join(text).encode()


def lmp(title: str, name: str, market: str, quoted: str, day: date) -> list[File]:
    header = [
        f'"H","Date","Hour Ending","Location ID","Location Name","Location Type",{PRICES}',
        f'"H","Date","HE","String","String","String",{TYPES}',
    ]
    rows, truth = [], []
    for at in starts(day, EASTERN):
        for location, (called, kind) in LOCATIONS.items():
            one = price(f"isone {market}", location, at)
            prices = ",".join(str(value / 100) for value in one)
            hour = f"{quoted}{hour_ending(at)}{quoted}"
            rows.append(f'"D","{day:%m/%d/%Y}",{hour},"{location}","{called}","{kind}",{prices}')
            truth.append(((location,), at, one.lmp / 100))
    file = f"{name}_{day:%Y%m%d}.csv"
    return [File(file, report(title, file, day, header, rows), truth)]


def five_minutes(day: date) -> list[File]:
    """Six files of four hours; the day stands in their names only."""
    header = [
        f'"H","Local Time","Location ID","Location Name","Location Type",{PRICES}',
        f'"H","Time","String","String","String",{TYPES}',
    ]
    blocks: dict[int, tuple[list[str], list[tuple[tuple[str, ...], datetime, float]]]] = {}
    for at in starts(day, EASTERN, 5):
        shown = local(at, EASTERN).at
        rows, truth = blocks.setdefault(shown.hour // 4 * 4, ([], []))
        for location, (called, kind) in LOCATIONS.items():
            one = price("isone rt", location, at)
            prices = ",".join(str(value / 100) for value in one)
            rows.append(f'"D","{shown:%H:%M:%S}","{location}","{called}","{kind}",{prices}')
            truth.append(((location,), at, one.lmp / 100))
    files = []
    for block, (rows, truth) in blocks.items():
        name = f"lmp_5min_{day:%Y%m%d}_{block:02}-{block + 4:02}.csv"
        files.append(File(name, report("Preliminary Real-Time Five-Minute LMP Report", name, day, header, rows), truth))
    return files


def reserves(day: date) -> list[File]:
    header = [
        '"H","Reserve Zone ID","Reserve Zone Name","Local Time","Ten-Minute Spinning Requirement",'
        '" Ten-Minute Spinning Reserve Clearing Price","Ten-Minute Reserve Clearing Price",'
        '"Total Reserve Clearing Price"',
        '"H","String","String","Time","Number","Number","Number","Number"',
    ]
    rows, truth = [], []
    for at in starts(day, EASTERN, 5):
        value = amount("isone reserve", at)
        rows.append(f'"D","7000","ROS","{local(at, EASTERN).at:%H:%M:%S}",{value},1.5,1.0,0.5')
        truth.append((("7000",), at, value))
    name = f"5min_reserve_prices_final_{day:%Y%m%d}.csv"
    return [File(name, report("Five-Minute Reserve Prices", name, day, header, rows), truth)]


def iso(at: datetime) -> str:
    return at.astimezone(EASTERN).isoformat(timespec="milliseconds")


def answer(name: str, outer: str, inner: str, day: date, records: list[dict[str, object]], truth: object) -> list[File]:
    return [File(f"{name}_day_{day:%Y%m%d}.json", json.dumps({outer: {inner: records}}).encode(), truth)]


def load(day: date) -> list[File]:
    records: list[dict[str, object]] = []
    truth = []
    for at in starts(day, EASTERN):
        value = amount("isone load", at, low=80_000, high=200_000)
        records.append(
            {
                "BeginDate": iso(at),
                "Location": {"@LocId": "32", "$": "NEPOOL AREA"},
                "Load": value,
                "NativeLoad": value - 100,
                "ArdDemand": 100,
            }
        )
        truth.append((("32",), at, value))
    return answer("hourlysysload", "HourlySystemLoads", "HourlySystemLoad", day, records, truth)


def forecast(day: date) -> list[File]:
    records: list[dict[str, object]] = []
    truth = []
    made = starts(day, EASTERN)[0] - timedelta(days=1)
    for at in starts(day, EASTERN):
        value = amount("isone forecast", at, low=80_000, high=200_000)
        records.append({"BeginDate": iso(at), "CreationDate": iso(made), "LoadMw": value, "NetLoadMw": value})
        truth.append(((), at, value))
    return answer("hourlyloadforecast", "HourlyLoadForecasts", "HourlyLoadForecast", day, records, truth)


def fuels(day: date) -> list[File]:
    """At irregular times."""
    records: list[dict[str, object]] = []
    truth = []
    for at in starts(day, EASTERN, 30):
        taken = at + timedelta(minutes=at.minute % 7, seconds=at.hour)
        for fuel in ("Hydro", "Natural Gas", "Nuclear"):
            value = float(round(amount("isone", fuel, at)))
            records.append(
                {
                    "BeginDate": iso(taken),
                    "GenMw": value,
                    "FuelCategoryRollup": fuel,
                    "FuelCategory": fuel,
                    "MarginalFlag": "N",
                }
            )
            truth.append(((fuel,), taken, value))
    return answer("genfuelmix", "GenFuelMixes", "GenFuelMix", day, records, truth)


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "da_lmp": partial(lmp, "Day-Ahead Energy Market Hourly LMP Report", "WW_DALMP_ISO", "da", '"'),
    "rt_lmp": partial(lmp, "Real-Time Energy Market Hourly LMP Report", "lmp_rt_final", "rt", ""),
    "rt_5min_lmp": five_minutes,
    "reserve_prices": reserves,
    "hourly_load": load,
    "hourly_load_forecast": forecast,
    "gen_fuel_mix": fuels,
}
