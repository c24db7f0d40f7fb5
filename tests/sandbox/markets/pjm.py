"""PJM: UTC beside prevailing time, numbers without leading zeros, CRLF, some exports in descending order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from functools import partial

from tests.sandbox.markets.world import EASTERN, File, amount, lines, price, starts, usd

NODES = {
    "51288": ("WESTERN HUB", "", "", "HUB", ""),
    "51291": ("AECO", "", "", "ZONE", "AECO"),
    "51301": ("PSEG", "", "", "ZONE", "PSEG"),
    "48592": ("ALDENE", "230 KV", "T-10", "LOAD", "PSEG"),
}
LMP = (
    "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,voltage,equipment,type,zone,"
    "system_energy_price_{0},total_lmp_{0},congestion_price_{0},marginal_loss_price_{0},row_is_current,version_nbr"
)


def stamp(at: datetime) -> str:
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S %p}"


def both(at: datetime) -> str:
    return f"{stamp(at)},{stamp(at.astimezone(EASTERN))}"


def lmp(feed: str, suffix: str, minutes: int, day: date) -> list[File]:
    rows, truth = [LMP.format(suffix)], []
    for at in starts(day, EASTERN, minutes):
        for node, (name, voltage, equipment, kind, zone) in NODES.items():
            lmp_, energy, congestion, loss = price(f"pjm {suffix}", node, at)
            prices = f"{usd(energy)},{lmp_ / 100:.6f},{congestion / 100:.6f},{loss / 100:.6f}"
            rows.append(f"{both(at)},{node},{name},{voltage},{equipment},{kind},{zone},{prices},True,1")
            truth.append(((node,), at, lmp_ / 100))
    return [File(f"{feed}_{day}.csv", lines(*rows, end="\r\n"), truth)]


def unverified(day: date) -> list[File]:
    rows = [
        "datetime_beginning_utc,datetime_beginning_ept,pnode_id,pnode_name,type,total_lmp_rt,congestion_price_rt,marginal_loss_price_rt"
    ]
    truth = []
    for at in starts(day, EASTERN, 5):
        for node, (name, _, _, kind, _) in NODES.items():
            lmp_, _, congestion, loss = price("pjm rt", node, at)
            rows.append(f"{both(at)},{node},{name},{kind},{usd(lmp_)},{usd(congestion)},{usd(loss)}")
            truth.append(((node,), at, lmp_ / 100))
    return [File(f"rt_unverified_fivemin_lmps_{day}.csv", lines(*rows, end="\r\n"), truth)]


def services(feed: str, day: date) -> list[File]:
    rows = ["datetime_beginning_utc,datetime_beginning_ept,ancillary_service,unit,value,row_is_current,version_nbr"]
    truth = []
    for at in starts(day, EASTERN):
        for service in ("RTO Synchronized Reserve", "RTO Regulation"):
            value = amount(feed, service, at)
            rows.append(f"{both(at)},{service},Dollars,{value},True,1")
            truth.append(((service, "Dollars"), at, value))
    return [File(f"{feed}_{day}.csv", lines(*rows, end="\r\n"), truth)]


def reserves(feed: str, minutes: int, day: date) -> list[File]:
    rows = [
        "datetime_beginning_utc,datetime_beginning_ept,locale,service,mcp,mcp_capped,reg_ccp,reg_pcp,as_req_mw,"
        "total_mw,as_mw,ss_mw,tier1_mw,ircmwt2,dsr_as_mw,nsr_mw,regd_mw"
    ]
    truth = []
    for at in starts(day, EASTERN, minutes):
        for service in ("PR", "SR"):
            value = amount(feed, service, at)
            rows.append(f"{both(at)},PJM_RTO,{service},{value},{value},,,1700.5,1820.3,,,,,,,")
            truth.append((("PJM_RTO", service), at, value))
    return [File(f"{feed}_{day}.csv", lines(*rows, end="\r\n"), truth)]


def series(feed: str, header: str, middle: dict[str, str], tail: str, minutes: int, day: date) -> list[File]:
    """A series an area, the newest first: `middle` gives the columns between the stamps and the value."""
    rows, truth = [f"datetime_beginning_utc,datetime_beginning_ept,{header}"], []
    for at in reversed(starts(day, EASTERN, minutes)):
        for area, columns in middle.items():
            value = amount("pjm", feed, area, at, low=8_000)
            rows.append(f"{both(at)},{columns},{value}{tail}")
            truth.append(((area,), at, value))
    return [File(f"{feed}_{day}.csv", lines(*rows, end="\r\n"), truth)]


def forecast(day: date) -> list[File]:
    rows = [
        "evaluated_at_datetime_utc,evaluated_at_datetime_ept,forecast_datetime_beginning_utc,"
        "forecast_datetime_beginning_ept,forecast_datetime_ending_utc,forecast_datetime_ending_ept,forecast_area,forecast_load_mw"
    ]
    truth = []
    hours = starts(day, EASTERN)
    for at in hours:
        value = amount("pjm forecast", at, low=8_000)
        rows.append(f"{both(hours[0])},{both(at)},{both(at)},RTO_COMBINED,{value}")
        truth.append((("RTO_COMBINED",), at, value))
    return [File(f"load_frcstd_7_day_{day}.csv", lines(*rows, end="\r\n"), truth)]


def fuels(day: date) -> list[File]:
    rows, truth = (
        ["datetime_beginning_utc,datetime_beginning_ept,fuel_type,mw,fuel_percentage_of_total,is_renewable"],
        [],
    )
    for at in starts(day, EASTERN):
        for fuel, is_renewable in (("Gas", "False"), ("Nuclear", "False"), ("Wind", "True")):
            value = amount("pjm", fuel, at, low=8_000)
            rows.append(f"{both(at)},{fuel},{value},0.33,{is_renewable}")
            truth.append(((fuel,), at, value))
    return [File(f"gen_by_fuel_{day}.csv", lines(*rows, end="\r\n"), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "da_hrl_lmps": partial(lmp, "da_hrl_lmps", "da", 60),
    "rt_hrl_lmps": partial(lmp, "rt_hrl_lmps", "rt", 60),
    "rt_fivemin_hrl_lmps": partial(lmp, "rt_fivemin_hrl_lmps", "rt", 5),
    "rt_unverified_fivemin_lmps": unverified,
    "da_ancillary_services": partial(services, "da_ancillary_services"),
    "ancillary_services": partial(services, "ancillary_services"),
    "da_reserve_market_results": partial(reserves, "da_reserve_market_results", 60),
    "reserve_market_results": partial(reserves, "reserve_market_results", 5),
    "hrl_load_metered": partial(
        series,
        "hrl_load_metered",
        "nerc_region,mkt_region,zone,load_area,mw,is_verified",
        {"AECO": "RFC,MIDATL,AECO,AECO", "PSEG": "RFC,MIDATL,PSEG,PSEG"},
        ",False",
        60,
    ),
    "inst_load": partial(series, "inst_load", "area,instantaneous_load", {"AEP": "AEP"}, "00000", 5),
    "load_frcstd_7_day": forecast,
    "gen_by_fuel": fuels,
    "wind_gen": partial(series, "wind_gen", "area,wind_generation_mw", {"MIDATL": "MIDATL"}, "", 60),
    "solar_gen": partial(series, "solar_gen", "area,solar_generation_mw", {"MIDATL": "MIDATL"}, "", 60),
}
