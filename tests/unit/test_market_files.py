"""Files of seven US markets in their own dialects: each row at its instant, also on the days of clock changes."""

from __future__ import annotations

import io
import random
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from loaders.catalogue import Dataset, read_catalogue
from loaders.errors import LoaderError, SourceChanged
from loaders.markets import table
from loaders.markets.read import read
from tests.sandbox.markets import WRITERS, File

CATALOGUE = read_catalogue()
DATASETS = [dataset for dataset in CATALOGUE.datasets() if dataset.layout]
SPRING, SUMMER, AUTUMN = date(2024, 3, 10), date(2024, 7, 4), date(2024, 11, 3)
NOT_IDENTITY = {"interval_start_at", "version_nbr", "run", "published_at", "published_date"}
every_dataset = pytest.mark.parametrize("dataset", DATASETS, ids=lambda dataset: dataset.label)


def batches(dataset: Dataset, content: bytes, name: str) -> Iterator[pa.RecordBatch]:
    return read(io.BufferedReader(io.BytesIO(content)), dataset, name)


def rows(dataset: Dataset, file: File) -> list[dict[str, object]]:
    """The file's rows under the dataset's keys."""
    return [row for batch in batches(dataset, file.content, file.name) for row in batch.to_pylist()]


def refused(dataset: Dataset, content: bytes, name: str) -> str:
    with pytest.raises(LoaderError) as error:
        list(batches(dataset, content, name))
    return str(error.value)


def meant(dataset: Dataset, row: dict[str, object]) -> tuple[object, ...]:
    """A row as the sandbox tells its truth: identity, start, value."""
    keys = {one.name: one.key for one in dataset.fields}
    value = next(one.key for one in dataset.fields if one.type == "double")
    identity = tuple(row[keys[name]] for name in dataset.grain if name not in NOT_IDENTITY)
    return identity, row["interval_start_at"], row[value]


def one(source: str, dataset: str, day: date = SUMMER) -> tuple[Dataset, File]:
    return CATALOGUE.source(source).dataset(dataset), WRITERS[source][dataset](day)[0]


@every_dataset
def test_it_has_a_fixture_in_the_sandbox(dataset: Dataset) -> None:
    assert dataset.name in WRITERS[dataset.source_name], f"{dataset.label}: write its file in tests/sandbox/markets"


@every_dataset
@pytest.mark.parametrize("day", [SPRING, AUTUMN], ids=str)
def test_every_row_is_at_its_instant_with_its_value(dataset: Dataset, day: date) -> None:
    for file in WRITERS[dataset.source_name][dataset.name](day):
        found = Counter(meant(dataset, row) for row in rows(dataset, file))
        assert found == Counter(file.truth)
        assert max(Counter(key[:2] for key in found.elements()).values()) == 1  # an instant is never told twice


@every_dataset
def test_its_rows_know_their_day_and_their_end(dataset: Dataset) -> None:
    zone = ZoneInfo(dataset.layout["zone"])
    for file in WRITERS[dataset.source_name][dataset.name](AUTUMN)[:2]:
        for row in rows(dataset, file):
            start, end = row["interval_start_at"], row["interval_end_at"]
            assert isinstance(start, datetime) and isinstance(end, datetime)
            assert start.astimezone(zone).date() == row["delivery_date"] == AUTUMN
            assert (end - start).total_seconds() == 60 * row["interval_minutes"]
            assert row["hour_label"]


@pytest.mark.parametrize(("day", "hours"), [(SPRING, 23), (AUTUMN, 25)], ids=str)
@pytest.mark.parametrize("source", WRITERS)
def test_a_day_of_the_clock_change_has_its_hours_and_misos_never_changes(source: str, day: date, hours: int) -> None:
    name = {"pjm": "da_hrl_lmps", "caiso": "prc_lmp", "nyiso": "damlbmp", "ercot": "dam_spp", "miso": "da_expost_lmp"}
    dataset, file = one(source, name.get(source, "da_lmp"), day)
    found = {row["interval_start_at"] for row in rows(dataset, file)}
    assert len(found) == (24 if source == "miso" else hours)


def test_nyiso_gives_congestion_the_other_sign() -> None:
    dataset, file = one("nyiso", "damlbmp")
    found = rows(dataset, file)
    energies: dict[object, set[float]] = {}
    for row in found:
        energy = row["lmp"] - row["congestion"] - row["loss"]
        energies.setdefault(row["interval_start_at"], set()).add(round(energy, 2))
    assert all(len(one_price) == 1 for one_price in energies.values())
    assert str(-found[0]["congestion"]) in file.content.decode()
    assert {row["location_type"] for row in found} == {"zone"}


def test_a_column_that_is_not_there_yet_is_null() -> None:
    dataset = CATALOGUE.source("spp").dataset("da_mcp")
    before, after = (rows(dataset, WRITERS["spp"]["da_mcp"](date(2022, 2, day))[0]) for day in (24, 25))
    assert {row["ramp_up"] for row in before} == {None}
    assert {row["ramp_up"] for row in after} == {0.5}


def test_labels_are_kept_as_printed() -> None:
    labels = {}
    for source, name in (("isone", "da_lmp"), ("caiso", "prc_lmp"), ("ercot", "dam_spp"), ("ercot", "dam_as_cleared")):
        dataset, file = one(source, name, AUTUMN)
        at = datetime(2024, 11, 3, {"isone": 6, "caiso": 9, "ercot": 7}[source], tzinfo=UTC)
        labels[source, name] = {row["hour_label"] for row in rows(dataset, file) if row["interval_start_at"] == at}
    assert labels == {
        ("isone", "da_lmp"): {"02X"},
        ("caiso", "prc_lmp"): {"25 0"},
        ("ercot", "dam_spp"): {"02:00 Y"},
        ("ercot", "dam_as_cleared"): {"25"},
    }


def test_an_hour_that_the_spring_day_does_not_have_is_the_next_of_ercot_and_refused_elsewhere() -> None:
    dataset, file = one("ercot", "dam_mcpc", SPRING)
    shifted = file.content.replace(b"04:00", b"03:00")
    assert [row["interval_start_at"] for row in rows(dataset, file._replace(content=shifted))] == [
        row["interval_start_at"] for row in rows(dataset, file)
    ]
    dataset, file = one("isone", "da_lmp", SPRING)
    said = refused(dataset, file.content.replace(b'"04"', b'"03"'), file.name)
    assert said == f"{file.name}, line 13: '03' does not exist on 2024-03-10: the clocks go forward over it"


# --- what a file says of itself ---------------------------------------------------------------------------------------

CUT = {
    ("isone", "da_lmp"): "ends after 70 rows without the footer",
    ("miso", "da_expost_lmp"): "rows and the others have",
    ("spp", "da_lmp"): "rows and the others have",
    ("nyiso", "damlbmp"): "rows and the others have",
    (
        "ercot",
        "load_by_weather_zone",
    ): "has 23 of its 24 intervals; the first that is missing begins at 2024-07-05 04:00",
    ("miso", "lmp_5min"): "without the footer",
}


@pytest.mark.parametrize("which", CUT, ids=".".join)
def test_a_file_that_lacks_its_last_lines_is_refused(which: tuple[str, str]) -> None:
    dataset, file = one(*which)
    lines = file.content.splitlines(keepends=True)
    removed = 3 if which == ("isone", "da_lmp") else 1
    said = refused(dataset, b"".join(lines[:-removed]), file.name)
    assert CUT[which] in said
    assert file.name in said


def test_a_footer_that_counts_other_rows_is_refused_with_its_line() -> None:
    dataset, file = one("isone", "da_lmp")
    lines = file.content.splitlines(keepends=True)
    said = refused(dataset, b"".join([*lines[:20], *lines[21:]]), file.name)
    assert said == f"{file.name}, line 78: the footer counts 72 rows and the file has 71; get it again"


def test_a_price_that_is_not_the_sum_of_its_components_is_refused_with_its_line() -> None:
    dataset, file = one("spp", "da_lmp")
    lines = file.content.decode().splitlines()
    cells = lines[10].split(",")
    cells[4] = f"{float(cells[4]) + 1:.4f}"
    lines[10] = ",".join(cells)
    said = refused(dataset, "\n".join(["", *lines]).encode(), file.name)  # after a blank line
    assert said.startswith(f"{file.name}, line 12: lmp is not the sum of its components within 0.0011 USD/MWh: lmp ")


BLANKS = {"nothing": "", "blanks": "  ", "commas": ",,,,,,,"}


@pytest.mark.parametrize("blank", BLANKS.values(), ids=BLANKS)
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["lf", "crlf"])
@pytest.mark.parametrize("block", [256, 1 << 22])
def test_a_line_without_a_value_is_no_row_and_still_a_line(
    monkeypatch: pytest.MonkeyPatch, blank: str, end: str, block: int
) -> None:
    monkeypatch.setattr(table, "BLOCK_BYTES", block)
    dataset, file = one("spp", "da_lmp")
    lines = file.content.decode().splitlines()
    lines[4:4] = [blank, blank]
    lines[12:12] = [blank]
    content = f"{end.join(lines)}{end}{blank}{end}".encode()
    found = [row for batch in batches(dataset, content, file.name) for row in batch.to_pylist()]
    assert found == rows(dataset, file)
    wrong = [*lines[:20], lines[20].replace(lines[20].split(",")[4], "9999"), *lines[21:]]
    assert f"{file.name}, line 21: lmp is not the sum" in refused(dataset, end.join(wrong).encode(), file.name)
    short = [*lines[:20], "cut,short", *lines[20:]]
    assert f"{file.name}, line 21: 2 values where" in refused(dataset, end.join(short).encode(), file.name)


def test_a_row_that_lacks_its_first_value_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "BLOCK_BYTES", 256)
    dataset, file = one("spp", "da_lmp")
    lines = file.content.decode().splitlines()
    lines[5] = lines[5][lines[5].index(",") :]
    found = [row for batch in batches(dataset, "\n".join(lines).encode(), file.name) for row in batch.to_pylist()]
    wanted = rows(dataset, file)
    assert found == [*wanted[:4], wanted[4] | {"hour_label": None}, *wanted[5:]]


def test_a_component_that_stands_far_from_its_price_is_held_against_it() -> None:
    dataset, file = one("caiso", "prc_lmp")
    text = file.content.decode()
    wrong = next(line for line in text.splitlines() if ",MCC," in line)
    cells = wrong.split(",")
    cells[14] = f"{float(cells[14]) + 1:.5f}"
    said = refused(dataset, text.replace(wrong, ",".join(cells)).encode(), file.name)
    assert "is not the sum of its components within 0.001 USD/MWh but -1.00000 off" in said


@pytest.mark.parametrize(("source", "name"), [("nyiso", "damlbmp"), ("miso", "da_expost_lmp"), ("miso", "lmp_5min")])
def test_energy_is_one_price_for_all_locations(source: str, name: str) -> None:
    dataset, file = one(source, name)
    text = file.content.decode().splitlines()
    place = next(place for place, line in enumerate(text) if place > 6 and line.count(",") >= 4)
    cells = text[place].split(",")
    at = {"damlbmp": 3, "lmp_5min": 2}.get(name, 4)
    cells[at] = str(float(cells[at]) + 5)
    text[place] = ",".join(cells)
    said = refused(dataset, "\n".join(text).encode(), file.name)
    assert "energy is one price for all locations, but at 2024-07-04" in said


# --- what is no such file ---------------------------------------------------------------------------------------------


def test_what_is_wrong_is_named_with_file_and_line() -> None:
    dataset, file = one("spp", "da_lmp")
    lines = file.content.splitlines()

    def told(*changed: bytes, name: str = file.name) -> str:
        return refused(dataset, b"\n".join(changed), name)

    other = one("nyiso", "damlbmp")[1].content
    assert "no line of the first 40 is the header" in refused(dataset, other, "odd.csv")
    assert told(lines[0] + b",Beyond", *(line + b",1" for line in lines[1:])) == (
        f"{file.name}, line 1: unknown column 'Beyond'; declare it under `layout.columns` in da_lmp.yml, or under "
        "`ignored`"
    )
    assert f"{file.name}, line 5: 4 values where the header has 8" in told(*lines[:4], b"a,b,c,d", *lines[4:])
    assert f"{file.name}, line 4: malformed: not UTF-8" in told(*lines[:3], lines[3].replace(b"YAD", b"Y\xe9D"))
    bad = lines[3].replace(b"07/04/2024", b"07/34/2024")
    assert f"{file.name}, line 4: '07/34/2024" in told(*lines[:3], bad, *lines[4:])
    control = lines[3].replace(b"07/04/2024", b"07/04\x1f2024")
    assert f"{file.name}, line 4: a control character in a label" in told(*lines[:3], control, *lines[4:])
    assert told(b"").startswith(f"{file.name}, line 1: the file is empty")
    tables, file = one("miso", "asm_expost_damcp")
    again = file.content.replace(b"HE 2,", b"HE 1,", 1)
    assert f"{file.name}, line 3: two columns are called 'HE 1'" in refused(tables, again, file.name)


WRITTEN = [b"\n", b"\r", b"\r\n\r\n", b",", b'"', b"\0", b"\x1f", b"-", b"NaN", b"1e400", b"[", b"}", b"null"]


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("spp", "da_lmp"),
        ("nyiso", "damlbmp"),
        ("isone", "da_lmp"),
        ("miso", "da_exante_lmp"),
        ("caiso", "outlook_fuel_mix"),
        ("miso", "asm_expost_damcp"),
        ("isone", "hourly_load"),
    ],
)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # pyarrow's, of a row that is not UTF-8
def test_whatever_is_wrong_in_a_file_is_refused_in_our_words(source: str, name: str) -> None:
    dataset, file = one(source, name)
    draw, refusals = random.Random(f"{source}.{name}"), 0
    for _ in range(80):
        content = bytearray(file.content[: draw.choice([1_500, len(file.content)])])
        for _ in range(draw.randrange(1, 4)):
            at = draw.randrange(draw.choice([min(600, len(content)), len(content)]))
            content[at : at + draw.choice([0, 0, 1, 9])] = draw.choice([*WRITTEN, bytes([draw.randrange(256)])])
        try:
            list(batches(dataset, bytes(content), file.name))
        except LoaderError as error:
            refusals += 1
            assert file.name in str(error)
    assert refusals > 20


def test_a_value_that_is_no_number_is_left_for_quarantine() -> None:
    dataset, file = one("pjm", "hrl_load_metered")
    found = rows(dataset, file._replace(content=file.content.replace(b",False", b"x,False", 1)))
    assert {type(row["mw"]) for row in found} == {str}
    assert len(found) == len(file.truth)


def test_an_answer_that_is_cut_is_no_json() -> None:
    dataset, file = one("isone", "hourly_load")
    assert f"{file.name}, line 1: not JSON, or cut" in refused(dataset, file.content[:-20], file.name)
    with pytest.raises(SourceChanged, match="no HourlySystemLoads"):
        list(batches(dataset, b"{}", file.name))
