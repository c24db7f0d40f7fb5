"""SPP: ends of intervals in local time and in GMT, columns that appear one day, headers padded in daily files."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta

from tests.sandbox.markets.world import CENTRAL, File, amount, draw, lines, local, price, starts

LOCATIONS = {"SPPSOUTH_HUB": "SPPSOUTH_HUB", "AECC_CSWS": "CSWS_AECC_LA", "YAD": "VACS"}
RAMP_CAME = date(2022, 2, 25)


def ends(at: datetime, minutes: int) -> str:
    end = at + timedelta(minutes=minutes)
    return f"{local(end, CENTRAL).at:%m/%d/%Y %H:%M:%S},{end:%m/%d/%Y %H:%M:%S}"


def prices(market: str, location: str, at: datetime) -> tuple[str, float]:
    """Four decimals: lmp, loss, congestion, energy."""
    one = price(market, location, at)
    return f"{one.lmp / 100:.4f},{one.loss / 100:.4f},{one.congestion / 100:.4f},{one.energy / 100:.4f}", one.lmp / 100


def da_lmp(day: date) -> list[File]:
    rows, truth = ["Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC"], []
    for at in starts(day, CENTRAL):
        for location, pnode in LOCATIONS.items():
            text, lmp = prices("spp da", location, at)
            rows.append(f"{ends(at, 60)},{location},{pnode},{text}")
            truth.append(((location,), at, lmp))
    return [File(f"DA-LMP-SL-{day:%Y%m%d}0100.csv", lines(*rows), truth)]


def rtbm_lmp(day: date) -> list[File]:
    """The day's file, whose headers are padded; intervals of the repeated hour have files of their own, with a d."""
    rows, truth = ["Interval,GMT Interval, Settlement Location Name, PNODE Name, LMP, MLC, MCC, MEC"], []
    files = []
    for at in starts(day, CENTRAL, 5):
        end = local(at + timedelta(minutes=5), CENTRAL)
        own, own_truth = ["Interval,GMTIntervalEnd,Settlement Location,Pnode,LMP,MLC,MCC,MEC"], []
        for location, pnode in LOCATIONS.items():
            text, lmp = prices("spp rt", location, at)
            (own if end.is_second else rows).append(f"{ends(at, 5)},{location},{pnode},{text}")
            (own_truth if end.is_second else truth).append(((location,), at, lmp))
        if end.is_second:
            files.append(File(f"RTBM-LMP-SL-{end.at:%Y%m%d%H%M}d.csv", lines(*own), own_truth))
    return [File(f"RTBM-LMP-DAILY-SL-{day:%Y%m%d}.csv", lines(*rows), truth), *files]


def mcp(market: str, minutes: int, columns: str, day: date) -> list[File]:
    has_ramp = minutes == 5 or day >= RAMP_CAME
    rows, truth = [f"Interval,GMTIntervalEnd,Reserve Zone,{columns}" + ",RampUP,RampDN" * has_ramp], []
    for at in starts(day, CENTRAL, minutes):
        for zone in ("1", "SPP"):
            value = draw(market, zone, at, low=0, high=20_000) / 1000
            others = [draw(market, zone, name, at, low=0, high=9_000) / 1000 for name in columns.split(",")[1:]]
            ramp = ",0.5,0.25" * has_ramp
            rows.append(f"{ends(at, minutes)},{zone},{value},{','.join(map(str, others))}{ramp}")
            truth.append(((zone,), at, value))
    name = f"DA-MCP-{day:%Y%m%d}0100.csv" if minutes == 60 else f"RTBM-MCP-DAILY-{day:%Y%m%d}.csv"
    return [File(name, lines(*rows), truth)]


def load(day: date) -> list[File]:
    """Midnight without a clock, and blank rows."""
    rows, truth = ["MarketHour,CSWS,EDE"], []
    for at in starts(day, CENTRAL):
        end = at + timedelta(hours=1)
        values = [amount("spp load", area, at) for area in ("CSWS", "EDE")]
        rows += [f"{end:%m/%d/%Y}{end: %H:%M}".replace(" 00:00", "") + f",{values[0]},{values[1]}", ""]
        truth += [((area,), at, value) for area, value in zip(("CSWS", "EDE"), values, strict=True)]
    return [File(f"DAILY_HOURLY_LOAD-{day:%Y%m%d}.csv", lines(*rows), truth)]


def load_by_zone(day: date) -> list[File]:
    """The layout since March 2026: a row for each zone. Its name is the wide one's; here both may lie in one folder."""
    rows, truth = ["Market Hour,Balancing Area Name,Control Zone Name,Forecast Area Type,Load MW"], []
    for at in starts(day, CENTRAL):
        end = at + timedelta(hours=1)
        for area in ("CSWS", "EDE"):
            value = amount("spp load", area, at)
            rows += [f"{end:%m/%d/%Y}{end: %H:%M}".replace(" 00:00", "") + f",SPP,{area},Control Zone,{value}", ""]
            truth.append((("SPP", area, "Control Zone"), at, value))
    return [File(f"DAILY_HOURLY_LOAD-{day:%Y%m%d}-ZONES.csv", lines(*rows), truth)]


def gen_mix(day: date) -> list[File]:
    fuels = ("Coal Market", "Coal Self", "Wind Market")
    rows, truth = [f"GMT MKT Interval, {', '.join(fuels)},Average Actual Load"], []
    for at in starts(day, CENTRAL, 5):
        values = [amount("spp", fuel, at) for fuel in fuels]
        rows.append(f"{at:%Y-%m-%dT%H:%M:%SZ},{','.join(map(str, values))},30000")
        truth += [((fuel,), at, value) for fuel, value in zip(fuels, values, strict=True)]
    return [File(f"GenMix_{day:%Y%m%d}.csv", lines(*rows), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "da_lmp": da_lmp,
    "rtbm_lmp": rtbm_lmp,
    "da_mcp": lambda day: mcp("spp da", 60, "RegUP,RegDN,Spin,Supp", day),
    "rtbm_mcp": lambda day: mcp("spp rt", 5, "RegUPService,RegDNService,Spin,Supp", day),
    "hourly_load": load,
    "hourly_load_by_zone": load_by_zone,
    "gen_mix": gen_mix,
}
