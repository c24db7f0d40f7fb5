"""The servers that the markets keep their files on: addresses, refusals and habits of each."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from tests.sandbox.answer import NO_HEADERS, Answer, Headers, Parameters, json_answer
from tests.sandbox.markets import caiso, ercot, isone, nyiso, pjm, spp
from tests.sandbox.markets.shelf import Shelf, missing, packed
from tests.sandbox.markets.world import PACIFIC, File

Serve = Callable[[Shelf, str, dict[str, str], Headers], Answer]

PJM_KEY = "a key of the sandbox"
MOST_ROWS = 50_000  # of PJM in one answer
RECENT_DAYS = 10  # of which NYISO has each by itself
LISTED = 30  # documents of a report that ERCOT still has; the older ones are gone
COOKIE = "isox_token"
REFUSAL = """<?xml version="1.0" encoding="UTF-8"?>
<m:OASISReport xmlns:m="http://www.caiso.com/soa/OASISReport_v1.xsd"><m:MessagePayload><m:RTO><m:ERROR>
<m:ERR_CODE>{code}</m:ERR_CODE><m:ERR_DESC>{said}</m:ERR_DESC></m:ERROR></m:RTO></m:MessagePayload></m:OASISReport>"""


class Market:
    """One market's server, which has the files of days before `today`."""

    def __init__(self, market: str, today: date | None = None) -> None:
        self.base_path, self._serve, writers = SERVERS[market]
        self._shelf = Shelf(market, writers, today or datetime.now(UTC).date())

    def answer(
        self, path: str, parameters: Parameters, headers: Headers = NO_HEADERS, *, ignore_parameters: bool = False
    ) -> Answer:
        """Answer a GET."""
        given = {name: values[0] for name, values in parameters.items()}
        return self._serve(self._shelf, path, given, headers)


def a_day(text: str) -> date:
    """The day in a name: its first eight digits that begin with 20."""
    found = re.search(r"20\d{6}", text)
    return datetime.strptime(found[0], "%Y%m%d").replace(tzinfo=UTC).date() if found else date.min


ZONES_CAME = date(2026, 3, 24)  # SPP's load has a row for each zone since
SPP_ROUTES = {
    "/da-lmp-by-location": ("da_lmp", "%Y/%m/By_Day"),
    "/rtbm-lmp-by-location": ("rtbm_lmp", "%Y/%m/By_Day"),
    "/da-mcp": ("da_mcp", "%Y/%m"),
    "/hourly-load": ("hourly_load", "%Y"),
}


def serve_spp(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """A file browser: the path of a file is a parameter. The generation mix is one file of all the last days."""
    folder, _, name = given.get("path", "").lstrip("/").rpartition("/")
    if (path, folder, name) == ("/generation-mix-historical", "SPP", "GenMix365_SPP.csv"):
        days = [shelf.files("gen_mix", day)[0].content for day in shelf.days_before(2)]
        rows = [line for content in days for line in content.splitlines(keepends=True)[1:]]
        return shelf.answer(days[0].splitlines(keepends=True)[0] + b"".join(rows), "gen_mix", shelf.today)
    dataset, folders = SPP_ROUTES.get(path, ("", ""))
    day = a_day(name)
    if not dataset or folder != day.strftime(folders):
        return missing()
    if dataset == "hourly_load" and day >= ZONES_CAME:
        [file] = shelf.files("hourly_load_by_zone", day) or [None]
        return shelf.answer(file.content, "hourly_load_by_zone", day) if file else missing()
    return shelf.named(dataset, day, name)


NYISO_FOLDERS = {"palIntegrated": "pal_integrated"}


def serve_nyiso(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """Days of the last week by themselves, every month as one archive of its days so far."""
    found = re.fullmatch(r"/(\w+)/(\d{8})(\1(?:_\w+?)?)(_csv\.zip|\.csv)", path)
    dataset = NYISO_FOLDERS.get(found[1], found[1]) if found else ""
    if found is None or dataset not in nyiso.WRITERS:
        return missing()
    day = a_day(found[2])
    if found[4] == ".csv":
        recent = day >= shelf.today - timedelta(days=RECENT_DAYS)
        return shelf.named(dataset, day, path.rpartition("/")[2]) if recent else missing()
    days = [day + timedelta(days=number) for number in range(31)]
    names = {f"{one:%Y%m%d}{found[3]}.csv" for one in days}
    month = [file for one in days if one.month == day.month for file in shelf.files(dataset, one) if file.name in names]
    if day.day != 1 or not month:
        return missing()
    return shelf.answer(packed((file.name, file.content) for file in month), dataset, day)


def serve_pjm(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """Feeds in pages of rows, for those who have a key."""
    if headers.get("Ocp-Apim-Subscription-Key") != PJM_KEY:
        return json_answer(401, {"statusCode": 401, "message": "Access denied due to invalid subscription key."})
    dataset = path.lstrip("/")
    asked = re.fullmatch(r"(\d\d/\d\d/\d{4}) 00:00to\1 23:59", given.get("datetime_beginning_ept", ""))
    if dataset not in pjm.WRITERS or asked is None or given.get("format") != "csv":
        return json_answer(400, {"errors": [{"field": "datetime_beginning_ept", "message": "not a range"}]})
    day = datetime.strptime(asked[1], "%m/%d/%Y").replace(tzinfo=UTC).date()
    first, rows = int(given["startRow"]) - 1, min(int(given["rowCount"]), MOST_ROWS)
    lines = [line for file in shelf.files(dataset, day) for line in file.content.splitlines(keepends=True)]
    page = b"".join([*lines[:1], *lines[1:][first : first + rows]])
    return shelf.answer(page, dataset, day)


CAISO_QUERIES = {
    ("PRC_LMP", "DAM", "12"): "prc_lmp",
    ("PRC_INTVL_LMP", "RTM", "3"): "prc_intvl_lmp",
    ("PRC_RTPD_LMP", "RTPD", "3"): "prc_rtpd_lmp",
    ("PRC_AS", "DAM", "12"): "prc_as",
}


def serve_caiso(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """OASIS: a zip of rows from one instant to another, and a zip of XML for what it has not; and Today's Outlook."""
    if found := re.fullmatch(r"/outlook/history/(\d{8})/fuelsource\.csv", path):
        return shelf.named("outlook_fuel_mix", a_day(found[1]), f"{found[1]}_fuelsource.csv")
    if path != "/oasisapi/SingleZip":
        return missing()
    query = given.get("queryname", ""), given.get("market_run_id", ""), given.get("version", "")
    dataset = CAISO_QUERIES.get(query)
    if dataset is None or given.get("resultformat") != "6":
        return refused("1004", "Invalid query or version")
    start, end = (datetime.strptime(given[name], "%Y%m%dT%H:%M%z") for name in ("startdatetime", "enddatetime"))
    if end - start > timedelta(hours=1 if dataset in ("prc_intvl_lmp", "prc_rtpd_lmp") else 25):
        return refused("1001", "The range of all nodes is too long")
    day = start.astimezone(PACIFIC).date()
    name, lines = "", []
    for one in (day, day + timedelta(days=1)):
        for file in shelf.files(dataset, one):
            header, *rows = file.content.splitlines(keepends=True)
            name = name or file.name
            lines = lines or [header]
            lines += [row for row in rows if start <= datetime.fromisoformat(row[:25].decode()) < end]
    if len(lines) < 2:
        return refused("1000", "No data returned for the specified selection")
    return shelf.answer(packed([(name, b"".join(lines))]), dataset, day)


def refused(code: str, said: str) -> Answer:
    """OASIS says no with status 200."""
    return Answer(content=packed([("INVALID_REQUEST.xml", REFUSAL.format(code=code, said=said).encode())]))


ERCOT_REPORTS = {
    "12331": "dam_spp",
    "12301": "rt_spp",
    "12300": "sced_lmp",
    "12329": "dam_mcpc",
    "13101": "load_by_weather_zone",
}


def serve_ercot(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """A list of the documents of the last days, each as CSV and as XML, and a document by its number."""
    if path == "/misapp/servlets/IceDocListJsonWS":
        dataset = ERCOT_REPORTS[given["reportTypeId"]]
        kept = (
            (day, number, file)
            for day in reversed(shelf.days_before(LISTED))
            for number, file in reversed(list(enumerate(shelf.files(dataset, day))))
        )
        documents = [
            {"Document": {"DocID": f"{given['reportTypeId']}-{day:%Y%m%d}-{number}-{form}", "ConstructedName": name}}
            for day, number, file in islice(kept, LISTED)
            for form in ("csv", "xml")
            for name in [file.name.replace(".csv", f"_{form}.zip")]
        ]
        answer = json_answer(200, {"ListDocsByRptTypeRes": {"DocumentList": documents}})
        answer.dataset = f"{shelf.market}.{dataset}.list"
        return answer
    number = re.fullmatch(r"(\d+)-(\d{8})-(\d+)-csv", given.get("doclookupId", ""))
    if path != "/misdownload/servlets/mirDownload" or number is None:
        return missing()
    dataset, day = ERCOT_REPORTS[number[1]], a_day(number[2])
    file = shelf.files(dataset, day)[int(number[3])]
    return shelf.answer(packed([(file.name, file.content)]), dataset, day)


ISONE_ROUTES = {
    "/static-transform/csv/histRpts/da-lmp": "da_lmp",
    "/static-transform/csv/histRpts/rt-lmp": "rt_lmp",
    "/static-transform/csv/histRpts/5min-rt-prelim": "rt_5min_lmp",
}


def serve_isone(shelf: Shelf, path: str, given: dict[str, str], headers: Headers) -> Answer:
    """Reports for those who have seen a page."""
    if path.startswith("/isoexpress/"):
        return Answer(prefix="<html></html>", content_type="text/html", headers={"Set-Cookie": f"{COOKIE}=1; Path=/"})
    if COOKIE not in headers.get("Cookie", ""):
        return Answer(status=403, prefix="<html>Forbidden</html>", content_type="text/html")
    if path == "/transform/csv/fiveminreserveprice":
        day = a_day(given["start"])
        return shelf.named("reserve_prices", day, f"5min_reserve_prices_final_{day:%Y%m%d}.csv")
    folder, _, name = path.rpartition("/")
    return shelf.named(ISONE_ROUTES[folder], a_day(name), name) if folder in ISONE_ROUTES else missing()


# By market: the path below which it answers, how, and its files. MISO's terms forbid asking it.
SERVERS: dict[str, tuple[str, Serve, dict[str, Callable[[date], list[File]]]]] = {
    "spp": ("/file-browser-api/download", serve_spp, spp.WRITERS),
    "nyiso": ("/public/csv", serve_nyiso, nyiso.WRITERS),
    "pjm": ("/api/v1", serve_pjm, pjm.WRITERS),
    "caiso": ("", serve_caiso, caiso.WRITERS),
    "ercot": ("", serve_ercot, ercot.WRITERS),
    "isone": ("", serve_isone, isone.WRITERS),
}
