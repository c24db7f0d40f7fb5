"""CAISO: a component per row, hours of a day shuffled, the price under MW, PRC or VALUE, and hour ending 25."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from functools import partial

from tests.sandbox.markets.world import PACIFIC, File, amount, draw, lines, local, price, starts

NODES = {"TH_SP15_GEN-APND": "ALL_APNODES", "DLAP_PGAE-APND": "ALL_APNODES", "BAYSHOR2_1_N001": "ALL"}
COMPONENTS = {
    "LMP": "LMP_PRC",
    "MCE": "LMP_ENE_PRC",
    "MCC": "LMP_CONG_PRC",
    "MCL": "LMP_LOSS_PRC",
    "MGHG": "LMP_GHG_PRC",
}


def gmt(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}-00:00"


def hour_ending(at: datetime) -> int:
    """The repeated hour is 25, although it comes after 2."""
    shown = local(at, PACIFIC)
    return 25 if shown.is_second else shown.at.hour + 1


def lmp(query: str, run: str, minutes: int, value: str, day: date) -> list[File]:
    start_of = "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR"
    rest = f"NODE_ID_XML,NODE_ID,NODE,MARKET_RUN_ID,LMP_TYPE,XML_DATA_ITEM,PNODE_RESMRID,GRP_TYPE,POS,{value}"
    is_hourly = minutes == 60
    header = f"{start_of},OPR_INTERVAL,{rest},GROUP" if is_hourly else f"{start_of},{rest},OPR_INTERVAL,GROUP"
    rows, truth = [], []
    shuffled = sorted(starts(day, PACIFIC, minutes), key=lambda at: draw("shuffled", at, low=0, high=1 << 30))
    for node, kind in NODES.items():
        for component, item in COMPONENTS.items():
            for at in shuffled:
                lmp_, energy, congestion, loss = price(f"caiso {run}", node, at)
                parts = {"LMP": lmp_, "MCE": energy, "MCC": congestion, "MCL": loss, "MGHG": 0}
                number = parts[component] / 100
                text = f"{number:.5f}" if number else "0"
                interval = 0 if is_hourly else at.minute // minutes + 1
                end = gmt(at + timedelta(minutes=minutes))
                left = f"{gmt(at)},{end},{at.astimezone(PACIFIC):%Y-%m-%d},{hour_ending(at)}"
                right = f"{node},{node},{node},{run},{component},{item},{node},{kind},1,{text}"
                rows.append(f"{left},{interval},{right},41" if is_hourly else f"{left},{right},{interval},41")
                truth.append(((node, component), at, number))
    return [File(f"{day:%Y%m%d}_{day:%Y%m%d}_{query}_{run}_20200502_10_44_27_v1.csv", lines(header, *rows), truth)]


def services(query: str, run: str, minutes: int, day: date) -> list[File]:
    rows = [
        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,OPR_DT,OPR_HR,OPR_INTERVAL,OPR_TYPE,ANC_TYPE,ANC_REGION,"
        "MARKET_RUN_ID,XML_DATA_ITEM,MW,GROUP"
    ]
    truth = []
    for at in starts(day, PACIFIC, minutes):
        for product in ("SR", "NR", "RU", "RD"):
            value = amount(query, product, at, low=0, high=400)
            end = gmt(at + timedelta(minutes=minutes))
            left = f"{gmt(at)},{end},{at.astimezone(PACIFIC):%Y-%m-%d},{hour_ending(at)},0"
            rows.append(f"{left},AS,{product},AS_CAISO,{run},{product}_CLR_PRC,{value},1")
            truth.append((("AS_CAISO", product), at, value))
    return [File(f"{day:%Y%m%d}_{query}_{run}_v12.csv", lines(*rows), truth)]


def load(day: date) -> list[File]:
    rows = [
        "INTERVALSTARTTIME_GMT,INTERVALENDTIME_GMT,LOAD_TYPE,OPR_DT,OPR_HR,OPR_INTERVAL,MARKET_RUN_ID,TAC_AREA_NAME,"
        "LABEL,XML_DATA_ITEM,POS,MW,EXECUTION_TYPE,GROUP"
    ]
    truth = []
    for run in ("ACTUAL", "DAM"):
        for at in starts(day, PACIFIC):
            value = amount("caiso load", run, at, low=150_000, high=400_000)
            left = f"{gmt(at)},{gmt(at + timedelta(hours=1))},0,{at.astimezone(PACIFIC):%Y-%m-%d},{hour_ending(at)},0"
            rows.append(f"{left},{run},CA ISO-TAC,Demand,SYS_FCST_MW,4,{value},{run},1")
            truth.append(((run, "CA ISO-TAC"), at, value))
    return [File(f"{day:%Y%m%d}_SLD_FCST_v1.csv", lines(*rows), truth)]


def outlook(page: str, names: tuple[str, ...], day: date, *, dated: bool) -> list[File]:
    """Five minutes a row, local time: an old page shows no date, which then stands in the name only."""
    rows, truth = [f"Time,{','.join(names)}"], []
    for at in starts(day, PACIFIC, 5):
        values = [amount(page, name, at, low=0) for name in names]
        shown = local(at, PACIFIC).at
        rows.append(f"{shown:%m/%d/%Y %H:%M}," * dated + f"{shown:%H:%M}," * (not dated) + ",".join(map(str, values)))
        truth += [((name,), at, value) for name, value in zip(names, values, strict=True)]
    return [File(f"{day:%Y%m%d}_{page}.csv", lines(*rows), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "prc_lmp": partial(lmp, "PRC_LMP", "DAM", 60, "MW"),
    "prc_hasp_lmp": partial(lmp, "PRC_HASP_LMP", "HASP", 15, "MW"),
    "prc_rtpd_lmp": partial(lmp, "PRC_RTPD_LMP", "RTPD", 15, "PRC"),
    "prc_intvl_lmp": partial(lmp, "PRC_INTVL_LMP", "RTM", 5, "VALUE"),
    "prc_as": partial(services, "PRC_AS", "DAM", 60),
    "prc_intvl_as": partial(services, "PRC_INTVL_AS", "RTM", 15),
    "sld_fcst": load,
    "outlook_fuel_mix": partial(outlook, "fuelsource", ("Solar", "Wind", "Natural Gas", "Batteries"), dated=False),
    "outlook_demand": partial(outlook, "rtm_forecast_7day", ("Demand", "Net Demand"), dated=True),
}
