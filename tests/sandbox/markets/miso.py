"""MISO: Eastern Standard Time all year, a preamble with the day, a column per hour, components in blocks."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import partial

from tests.sandbox.markets.world import EST, File, amount, lines, price, starts, usd

NODES = {"INDIANA.HUB": "Hub", "ALTE.ALTE": "Loadzone", "AEC": "Interface"}
HOURS = ",".join(f"HE {hour}" for hour in range(1, 25))


def short(hundredths: int) -> str:
    """Without a zero before the point, and without zeros at the end: .07, -.11, 32."""
    text = usd(hundredths).rstrip("0").rstrip(".")
    return text.replace("0.", ".", 1) if text.lstrip("-").startswith("0.") else text


def lmp(report: str, title: str, run: str, day: date) -> list[File]:
    head = [
        title,
        f"{day:%m/%d/%Y}",
        "",
        ",,,All Hours-Ending are Eastern Standard Time (EST)",
        f"Node,Type,Value,{HOURS}",
    ]
    rows, truth = [], []
    for component in ("LMP", "MCC", "MLC"):
        for node, kind in NODES.items():
            values = []
            for at in starts(day, EST):
                one = price(f"miso {run}", node, at)
                value = {"LMP": one.lmp, "MCC": one.congestion, "MLC": one.loss}[component]
                values.append(short(value))
                truth.append(((node, component), at, value / 100))
            rows.append(f"{node},{kind},{component},{','.join(values)}")
    return [File(f"{day:%Y%m%d}_{report}.csv", lines(*head, *rows), truth)]


def five_minutes(day: date) -> list[File]:
    head = ["Five Minute LMPs", f"{day:%m/%d/%Y}", "", ",,,", "MKTHOUR_EST,PNODENAME,LMP,CON_LMP,LOSS_LMP"]
    rows, truth = [], []
    for at in starts(day, EST, 5):
        for node in NODES:
            one = price("miso rt", node, at)
            stamp = at.astimezone(EST)
            rows.append(f"{stamp:%m/%d/%Y %H:%M:%S},{node},{usd(one.lmp)},{usd(one.congestion)},{usd(one.loss)}")
            truth.append(((node,), at, one.lmp / 100))
    return [File(f"{day:%Y%m%d}_5MIN_LMP.csv", lines(*head, *rows, "End of report"), truth)]


def services(report: str, title: str, end: str, day: date) -> list[File]:
    """Two tables: the market's, under a header that begins with nothing, and the nodes'."""
    truth = []

    def row(place: str, product: str) -> str:
        values = [amount(report, place, product, at, low=0, high=300) for at in starts(day, EST)]
        truth.extend(((place, product), at, value) for at, value in zip(starts(day, EST), values, strict=True))
        return ",".join(map(str, values))

    market = [f"MISO Wide,{product},{row('MISO Wide', product)}" for product in ("GenRegMCP", "GenSpinMCP")]
    nodes = [f"{node},Zone 1,GenRegMCP,{row(node, 'GenRegMCP')}" for node in NODES]
    rows = [title, f"{day:%m/%d/%Y}", f",MCP Type,{HOURS}", *market, "", "", f"Pnode,Zone,MCP Type,{HOURS}", *nodes]
    return [File(f"{day:%Y%m%d}_{report}.csv", lines(*rows, end=end), truth)]


WRITERS: dict[str, Callable[[date], list[File]]] = {
    "da_expost_lmp": partial(lmp, "da_expost_lmp", "Day Ahead Market ExPost LMPs", "da"),
    "da_exante_lmp": partial(lmp, "da_exante_lmp", "Day Ahead Market ExAnte LMPs", "da"),
    "rt_lmp_final": partial(lmp, "rt_lmp_final", "Realtime Market LMPs", "rt"),
    "rt_lmp_prelim": partial(lmp, "rt_lmp_prelim", "Realtime Market LMPs", "rt"),
    "lmp_5min": five_minutes,
    "asm_expost_damcp": partial(services, "asm_expost_damcp", "Dayahead Market MCPs.", "\n"),
    "asm_rtmcp_final": partial(
        services, "asm_rtmcp_final", "Real Time Market MCPs.,Not settlement quality data.", "\r\n"
    ),
}
