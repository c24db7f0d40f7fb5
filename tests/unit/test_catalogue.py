"""The reader of declarations: what it reads, and what it says about each mistake."""

from __future__ import annotations

import shutil
from pathlib import Path

import pyarrow as pa
import pytest

from loaders.catalogue import SOURCES, Source, read_catalogue, read_source
from loaders.errors import DeclarationError

SOURCE = """\
title: A market
publisher: Somebody
about: Prices.
documentation: https://example.org
licence: none
url: https://example.org/api
time_zone: Europe/London
domain: power_gb
requests_per_second: 2
ignored: [dataset]
requests:
  day:
    window: settlement_day
    params: {from: "{date}"}
  instant:
    window: utc_day
  register:
    window: snapshot
"""
FIELDS = """\
settlement_date: {key: settlementDate, type: date, about: "Day"}
measured_at: {key: measurementTime, type: timestamp, about: "Instant"}
price_gbp_per_mwh: {key: price, type: double, unit: GBP/MWh, about: "Price"}
price_again: {key: price, type: double, about: "The same key"}
unit: {key: unit, type: string, about: "Who"}
"""
DATASET = """\
title: Prices
about: Prices of a day.
route: /prices
request: day
window: settlement_date
grain: [settlement_date, unit]
fields: [settlement_date, unit, price_gbp_per_mwh]
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A source with one dataset."""
    home = tmp_path / "market"
    (home / "datasets").mkdir(parents=True)
    (home / "source.yml").write_text(SOURCE)
    (home / "fields.yml").write_text(FIELDS)
    (home / "datasets" / "prices.yml").write_text(DATASET)
    return home


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def complaint(folder: Path) -> str:
    with pytest.raises(DeclarationError) as error:
        read_source(folder)
    return str(error.value)


def test_a_dataset_is_named_as_its_file_and_its_table_as_both(folder: Path) -> None:
    source = read_source(folder)
    dataset = source.dataset("prices")
    assert (source.name, list(source.datasets)) == ("market", ["prices"])
    assert (dataset.table, dataset.rejects_table, dataset.label) == (
        "market__prices",
        "market__prices__rejects",
        "market.prices",
    )


def test_columns_stand_in_the_declared_order_with_the_declared_types(folder: Path) -> None:
    schema = read_source(folder).dataset("prices").schema
    assert schema.names == ["settlement_date", "unit", "price_gbp_per_mwh"]
    assert schema.types == [pa.date32(), pa.string(), pa.float64()]


def test_keys_that_a_source_ignores_are_ignored_in_each_of_its_datasets(folder: Path) -> None:
    change(folder / "datasets" / "prices.yml", "fields:", "ignored: [extra]\nfields:")
    assert read_source(folder).dataset("prices").ignored == ("dataset", "extra")


def test_every_column_of_the_grain_is_required_but_the_optional(folder: Path) -> None:
    change(folder / "datasets" / "prices.yml", "fields:", "optional: [unit]\nfields:")
    assert read_source(folder).dataset("prices").required == ("settlement_date",)


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "said"),
    [
        ("datasets/prices.yml", "route: /prices\n", "", 1, "route is missing; add `route: ...`"),
        (
            "datasets/prices.yml",
            "title: P",
            "tilte: P",
            1,
            "no setting 'tilte' in this kind of file; did you mean title",
        ),
        ("datasets/prices.yml", "unit, price_gbp", "unit, pryce_gbp", 7, "no field 'pryce_gbp_per_mwh' in fields.yml"),
        ("datasets/prices.yml", "unit, price_gbp", "unit, pryce_gbp", 7, "did you mean price_gbp_per_mwh"),
        (
            "datasets/prices.yml",
            "request: day",
            "request: dya",
            4,
            "no request style 'dya' in source.yml; did you mean",
        ),
        ("datasets/prices.yml", "grain: [settlement_date, unit]", "grain: [who]", 1, "grain: 'who' is not among the"),
        ("datasets/prices.yml", "window: settlement_date\n", "", 1, "window: name the column that puts a row into its"),
        (
            "datasets/prices.yml",
            "window: settlement_date",
            "window: unit",
            1,
            "'unit' is string; a settlement_day needs",
        ),
        ("datasets/prices.yml", "window: settlement_date", "window: who", 1, "'who' is not among the fields"),
        ("datasets/prices.yml", "request: day", "request: instant", 1, "a utc_day needs a timestamp"),
        ("datasets/prices.yml", "request: day", "request: register", 1, "a snapshot has none"),
        ("datasets/prices.yml", "_mwh]", "_mwh, price_again]", 1, "two fields read the key 'price'; keep one"),
        ("datasets/prices.yml", "grain:", "floor: 2\ngrain:", 6, "floor: Input should be less than or equal to 1"),
        ("datasets/prices.yml", "grain:", "lookback: x\ngrain:", 6, "lookback: Input should be a valid integer"),
        ("datasets/prices.yml", "grain:", "mode: append\ngrain:", 6, "mode: Input should be 'replace_window' or"),
        ("datasets/prices.yml", "grain: [", "grain: ][", 6, "not YAML"),
        ("fields.yml", "type: date,", "type: day,", 1, "type: Input should be 'string', 'integer'"),
        (
            "fields.yml",
            'unit: {key: unit, type: string, about: "Who"}',
            "unit: text",
            5,
            "unit: write a mapping such as",
        ),
        ("fields.yml", ', about: "Who"', "", 5, "about is missing; add `about: ...`"),
        (
            "source.yml",
            "requests_per_second: 2",
            "requests_per_second: 0",
            9,
            "requests_per_second: Input should be gr",
        ),
        ("source.yml", "licence: none\n", "", 1, "licence is missing; add `licence: ...`"),
        ("source.yml", "requests:", "download: {url: x}\nrequests:", 11, ": download: write `url: ...` and `terms"),
        ("datasets/prices.yml", "grain:", "download: {file: a}\ngrain:", 6, ": download: write `file: ...` and `route"),
        (
            "datasets/prices.yml",
            "grain:",
            "download: {file: '{dya:%Y}', route: /a}\ngrain:",
            6,
            ": download: '{dya:%Y}' cannot be filled in: KeyError('dya')",
        ),
        (
            "datasets/prices.yml",
            "grain:",
            "download: {file: a, route: /a}\ngrain:",
            6,
            "download: write `download: ...` in source.yml",
        ),
        (
            "datasets/prices.yml",
            "grain:",
            "download: {listed: {id: a}}\ngrain:",
            6,
            "download: write `download: ...` in source.yml",
        ),
    ],
)
def test_a_mistake_is_named_with_file_line_and_what_to_write(
    folder: Path, file: str, old: str, new: str, line: int, said: str
) -> None:
    change(folder / file, old, new)
    message = complaint(folder)
    assert message.startswith(f"{folder / file}:{line}: ")
    assert said in message


def test_a_dataset_whose_files_are_listed_needs_a_listing(folder: Path) -> None:
    change(folder / "source.yml", "requests:", "download: {url: x, terms: y}\nrequests:")
    change(folder / "datasets" / "prices.yml", "grain:", "download: {listed: {id: a}}\ngrain:")
    assert "prices.yml:6: download: write `listing: ...` in source.yml, which says where to ask" in complaint(folder)
    change(folder / "datasets" / "prices.yml", "{listed: {id: a}}", "{file: a, route: /a}")
    assert read_source(folder).dataset("prices").download is not None


def test_a_file_name_that_is_no_table_name_is_refused(folder: Path) -> None:
    (folder / "datasets" / "prices.yml").rename(folder / "datasets" / "Prices-2.yml")
    assert "name: String should match pattern" in complaint(folder)


def test_a_missing_file_of_a_source_is_named(folder: Path) -> None:
    (folder / "fields.yml").unlink()
    assert "fields.yml: the file is missing; every source has source.yml and fields.yml" in complaint(folder)


def test_a_file_that_is_no_mapping_is_refused(folder: Path) -> None:
    (folder / "datasets" / "prices.yml").write_text("- title: Prices\n")
    assert "prices.yml:1: write a mapping of settings" in complaint(folder)


def test_an_unknown_name_is_answered_with_the_nearest(folder: Path) -> None:
    catalogue = read_catalogue(folder.parent)
    with pytest.raises(DeclarationError, match=r"no source 'markt' in the catalogue; did you mean market\?"):
        catalogue.source("markt")
    with pytest.raises(DeclarationError, match=r"no dataset 'price' in source market; did you mean prices\?"):
        catalogue.source("market").dataset("price")


def test_a_declaration_cannot_be_changed_once_read(folder: Path) -> None:
    with pytest.raises(ValueError, match="frozen"):
        read_source(folder).dataset("prices").floor = 0.0


@pytest.fixture(scope="module")
def elexon() -> Source:
    return read_catalogue().source("elexon")


def test_a_window_of_several_requests_asks_for_each(elexon: Source) -> None:
    requests = elexon.dataset("boav").asked({"date": "2024-01-02"})
    assert [request.values for request in requests] == [{"side": "bid"}, {"side": "offer"}]
    assert [request.route.split("all/")[1] for request in requests] == ["bid/2024-01-02", "offer/2024-01-02"]
    [request] = elexon.dataset("pn").asked({"date": "2024-01-02"})
    assert (request.route, request.params["from"], request.values) == ("/datasets/PN/stream", "2024-01-02", {})


def test_a_field_that_no_request_asks_for_is_a_mistake(tmp_path: Path) -> None:
    shutil.copytree(SOURCES / "elexon", tmp_path / "elexon")
    change(
        tmp_path / "elexon" / "datasets" / "boav.yml", "request: settlement_path_by_side", "request: settlement_path"
    )
    said = complaint(tmp_path / "elexon")
    assert "boav.yml" in said
    assert "'side' is not among the values of `each` in the request style" in said


# The publisher's datasets that the loader before this one asked for. All that there are: tests/golden/inventory.txt.
FORERUNNERS = """
bod boalf disbsad freq fuelhh fuelinst imbalngc inddem indgen mdp mdv melngc mels mid mils mnzt mzt ndf ndfd ndfw ndz
netbsad nonbm ntb nto ocnmf3y ocnmf3y2 ocnmfd ocnmfd2 pn qas qpn rdre rdri rure ruri sel sil tsdf tsdfd tsdfw uou2t14d
uou2t3yw windfor
"""


def test_no_dataset_that_was_asked_for_before_is_missing(elexon: Source) -> None:
    assert [name for name in FORERUNNERS.split() if name not in elexon.datasets] == []


def test_every_declared_field_is_used_by_some_dataset(elexon: Source) -> None:
    import yaml

    declared = set(yaml.safe_load((SOURCES / "elexon" / "fields.yml").read_text()))
    assert declared == {field.name for dataset in elexon.datasets.values() for field in dataset.fields}


def test_a_new_dataset_of_known_fields_is_one_file(tmp_path: Path) -> None:
    shutil.copytree(SOURCES / "elexon", tmp_path / "elexon")
    path = tmp_path / "elexon" / "datasets" / "fuelhh.yml"
    path.with_name("another.yml").write_text(path.read_text().replace("FUELHH", "ANOTHER"))
    assert read_source(tmp_path / "elexon").dataset("another").table == "elexon__another"
