"""NYISO: losses minus congestion, local stamps without a zone, headers quoted or not, a blank line on top."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from tests.sandbox.markets.world import EASTERN, File, amount, lines, local, price, starts, usd

ZONES = {"61757": "CAPITL", "61754": "CENTRL", "61761": "N.Y.C.", "61844": "H Q"}
GENERATORS = {"23575": "ALBANY___1", "24008": "NYISO_LBMP_REFERENCE"}
FORECAST = (
    "Capitl",
    "Centrl",
    "Dunwod",
    "Genese",
    "Hud Vl",
    "Longil",
    "Mhk Vl",
    "Millwd",
    "N.Y.C.",
    "North",
    "West",
    "NYISO",
)


def shown(at: datetime, form: str = "%m/%d/%Y %H:%M") -> str:
    return local(at, EASTERN).at.strftime(form)


def abbreviation(at: datetime) -> str:
    return str(at.astimezone(EASTERN).tzname())


def lmp(query: str, minutes: int, day: date) -> list[File]:
    files = []
    for kind, places in (("zone", ZONES), ("gen", GENERATORS)):
        # The files of generators are quoted, have seconds, and begin with a blank line.
        mark = '"' if kind == "gen" else ""
        names = [
            "Time Stamp",
            "Name",
            "PTID",
            "LBMP ($/MWHr)",
            "Marginal Cost Losses ($/MWHr)",
            "Marginal Cost Congestion ($/MWHr)",
        ]
        rows, truth = [",".join(f"{mark}{name}{mark}" for name in names)], []
        for at in starts(day, EASTERN, minutes):
            label = at + timedelta(minutes=5) if minutes == 5 else at  # the end, of five minutes
            stamp = shown(label, "%m/%d/%Y %H:%M:%S" if mark else "%m/%d/%Y %H:%M")
            for ptid, name in places.items():
                lmp_, _, congestion, loss = price(f"nyiso {query[:2]}", ptid, at)
                rows.append(f"{mark}{stamp}{mark},{mark}{name}{mark},{ptid},{usd(lmp_)},{usd(loss)},{usd(-congestion)}")
                truth.append(((ptid,), at, lmp_ / 100))
        files.append(File(f"{day:%Y%m%d}{query}_{kind}.csv", lines(*([""] if mark else []), *rows), truth))
    return files


def services(query: str, minutes: int, day: date) -> list[File]:
    names = (
        "Time Stamp,Time Zone,Name,PTID,10 Min Spinning Reserve ($/MWHr),10 Min Non-Synchronous Reserve ($/MWHr),"
        "30 Min Operating Reserve ($/MWHr),NYCA Regulation Capacity ($/MWHr)"
    )
    moves = minutes == 5
    rows, truth = [names + ",NYCA Regulation Movement ($/MW)" * moves], []
    for at in starts(day, EASTERN, minutes):
        label = at + timedelta(minutes=5) if moves else at
        for ptid, name in ZONES.items():
            value = amount(query, ptid, at, low=0, high=300)
            rows.append(f"{shown(label)},{abbreviation(label)},{name},{ptid},{value},{value},1.5,9.25" + ",0.2" * moves)
            truth.append(((ptid,), at, value))
    return [File(f"{day:%Y%m%d}{query}.csv", lines(*rows), truth)]


def load(query: str, column: str, minutes: int, day: date) -> list[File]:
    rows, truth = [f'"Time Stamp","Time Zone","Name","PTID","{column}"'], []
    for at in starts(day, EASTERN, minutes):
        for ptid, name in ZONES.items():
            value = amount(query, ptid, at, low=4_000, high=20_000)
            rows.append(f'"{shown(at, "%m/%d/%Y %H:%M:%S")}","{abbreviation(at)}","{name}",{ptid},{value}')
            truth.append(((ptid,), at, value))
    return [File(f"{day:%Y%m%d}{query}.csv", lines(*rows, end="\r\n"), truth)]


def forecast(day: date) -> list[File]:
    rows, truth = [",".join(f'"{name}"' for name in ("Time Stamp", *FORECAST))], []
    for at in starts(day, EASTERN):
        values = [amount("isolf", name, at, low=4_000, high=20_000) for name in FORECAST]
        rows.append(f'"{shown(at)}",{",".join(map(str, values))}')
        truth += [((name,), at, value) for name, value in zip(FORECAST, values, strict=True)]
    return [File(f"{day:%Y%m%d}isolf.csv", lines(*rows), truth)]


def fuels(day: date) -> list[File]:
    """Without an end of line at the end."""
    rows, truth = ["Time Stamp,Time Zone,Fuel Category,Gen MW"], []
    for at in starts(day, EASTERN, 5):
        label = at + timedelta(minutes=5)
        for fuel in ("Dual Fuel", "Hydro", "Nuclear"):
            value = amount("nyiso", fuel, at)
            rows.append(f"{shown(label, '%m/%d/%Y %H:%M:%S')},{abbreviation(label)},{fuel},{value}")
            truth.append(((fuel,), at, value))
    return [File(f"{day:%Y%m%d}rtfuelmix.csv", lines(*rows, end="\r\n").rstrip(), truth)]


def flows(day: date) -> list[File]:
    """With a run between the others, ten minutes past each hour and eleven."""
    rows = ["Timestamp,Interface Name,Point ID,Flow (MWH),Positive Limit (MWH),Negative Limit (MWH)"]
    truth = []
    for start in starts(day, EASTERN, 5):
        for at in (start, start + timedelta(minutes=1)) if start.minute == 10 else (start,):
            for point, name in (("23330", "CENTRAL EAST - VC"), ("23316", "SCH - PJ - NY")):
                value = amount("nyiso flow", point, at, low=-9_000) + 0.25
                rows.append(f"{shown(at)},{name},{point},{value},2175,-9999")
                truth.append(((point,), at, value))
    return [File(f"{day:%Y%m%d}ExternalLimitsFlows.csv", lines(*rows, end="\r\n"), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "damlbmp": partial(lmp, "damlbmp", 60),
    "rtlbmp": partial(lmp, "rtlbmp", 60),
    "realtime": partial(lmp, "realtime", 5),
    "damasp": partial(services, "damasp", 60),
    "rtasp": partial(services, "rtasp", 5),
    "pal": partial(load, "pal", "Load", 5),
    "pal_integrated": partial(load, "palIntegrated", "Integrated Load", 60),
    "isolf": forecast,
    "rtfuelmix": fuels,
    "interface_flows": flows,
}
