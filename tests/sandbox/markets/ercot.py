"""ERCOT: date and hour ending with a flag in the repeated hour, numbers padded with blanks, no components."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from tests.sandbox.markets.world import CENTRAL, File, amount, lines, local, price, starts

POINTS = {"HB_NORTH": "HU", "LZ_HOUSTON": "LZ", "7RNCHSLR_ALL": "RN"}
WEATHER_ZONES = ("COAST", "EAST", "FAR_WEST", "NORTH", "NORTH_C", "SOUTHERN", "SOUTH_C", "WEST")


def flag(at: datetime) -> str:
    return "Y" if local(at, CENTRAL).is_second else "N"


def hour_ending(at: datetime) -> str:
    return f"{local(at, CENTRAL).at.hour + 1:02}:00"


def dam_spp(day: date) -> list[File]:
    rows, truth = ["DeliveryDate,HourEnding,SettlementPoint,SettlementPointPrice,DSTFlag"], []
    for at in starts(day, CENTRAL):
        for point in POINTS:
            value = price("ercot da", point, at).lmp / 100
            rows.append(f"{day:%m/%d/%Y},{hour_ending(at)},{point},{value:6.2f},{flag(at)}")
            truth.append(((point,), at, value))
    return [File(f"cdr.00012331.0000000000000000.{day:%Y%m%d}.123001.DAMSPNP4190.csv", lines(*rows), truth)]


def rt_spp(day: date) -> list[File]:
    """A file every quarter of an hour; a load zone is in it twice, under two types."""
    header, files = (
        "DeliveryDate,DeliveryHour,DeliveryInterval,SettlementPointName,SettlementPointType,SettlementPointPrice,DSTFlag",
        [],
    )
    for at in starts(day, CENTRAL, 15):
        shown = local(at, CENTRAL).at
        rows, truth = [header], []
        for point, kind in (*POINTS.items(), ("LZ_HOUSTON", "LZEW")):
            value = price("ercot rt", point + kind, at).lmp / 100
            rows.append(f"{day:%m/%d/%Y},{shown.hour + 1},{shown.minute // 15 + 1},{point},{kind},{value},{flag(at)}")
            truth.append(((point, kind), at, value))
        mark = "_xhr" if flag(at) == "Y" else ""
        files.append(File(f"cdr.00012301.{day:%Y%m%d}.{shown:%H%M}{mark}.SPPHLZNP6905.csv", lines(*rows), truth))
    return files


def sced(day: date) -> list[File]:
    """A run every five minutes, at some second of its own."""
    files = []
    for at in starts(day, CENTRAL, 5):
        run = at + timedelta(seconds=18)
        shown = local(run, CENTRAL).at
        rows, truth = ["SCEDTimestamp,RepeatedHourFlag,SettlementPoint,LMP"], []
        for point in POINTS:
            value = price("ercot sced", point, at).lmp / 100
            rows.append(f"{shown:%m/%d/%Y %H:%M:%S},{flag(run)},{point},{value:12.2f}")
            truth.append(((point,), run, value))
        files.append(File(f"cdr.00012300.LMPSROSNODENP6788_{run:%Y%m%d_%H%M%S}.csv", lines(*rows), truth))
    return files


def mcpc(day: date) -> list[File]:
    rows, truth = ["DeliveryDate,HourEnding,AncillaryType,MCPC,DSTFlag    "], []
    for at in starts(day, CENTRAL):
        for product in ("REGUP", "REGDN", "RRS", "NSPIN", "ECRS"):
            value = amount("mcpc", product, at, low=0, high=500)
            rows.append(f"{day:%m/%d/%Y},{hour_ending(at)},{product},{value:8.2f},{flag(at)}")
            truth.append(((product,), at, value))
    return [File(f"cdr.00012329.{day:%Y%m%d}.DAMCPCNP4188.csv", lines(*rows), truth)]


def cleared(day: date) -> list[File]:
    """No flag here: the repeated hour stands last, as 25."""
    rows = []
    for at in starts(day, CENTRAL):
        shown = local(at, CENTRAL)
        value = amount("cleared", at)
        rows.append((25 if shown.is_second else shown.at.hour + 1, at, value))
    rows.sort()
    text = [f"{day:%m/%d/%Y},{hour},{value}" for hour, _, value in rows]
    truth = [(("NSPIN",), at, value) for _, at, value in rows]
    name = f"2d_Cleared_DAM_AS_NSPIN-{day + timedelta(days=2):%d-%b-%y}.csv".upper().replace("CLEARED", "Cleared")
    return [File(name, lines("Delivery Date,Hour Ending,Total Cleared AS - NonSpin", *text), truth)]


def load(day: date) -> list[File]:
    rows, truth = [f"OperDay,HourEnding,{','.join(WEATHER_ZONES)},TOTAL,DSTFlag"], []
    for at in starts(day, CENTRAL):
        values = [amount("ercot load", zone, at) for zone in WEATHER_ZONES]
        values.append(round(sum(values), 1))
        rows.append(f"{day:%m/%d/%Y},{hour_ending(at)},{','.join(map(str, values))},{flag(at)}")
        truth += [((zone,), at, value) for zone, value in zip((*WEATHER_ZONES, "TOTAL"), values, strict=True)]
    return [File(f"cdr.00013101.{day:%Y%m%d}.ACTUALSYSLOADWZNP6345.csv", lines(*rows), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "dam_spp": dam_spp,
    "rt_spp": partial(rt_spp),
    "sced_lmp": sced,
    "dam_mcpc": mcpc,
    "dam_as_cleared": cleared,
    "load_by_weather_zone": load,
}
