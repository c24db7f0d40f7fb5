"""The tax administration's own file of sales: brought into geo-dvf's columns row by row, or refused."""

from __future__ import annotations

import io
from typing import Any

import pyarrow as pa
import pytest

from loaders.catalogue import read_catalogue
from loaders.delimited import as_file
from loaders.errors import SourceChanged, SourceUnavailable
from loaders.sources.dvf.dialects import DOCUMENT, RAW_COLUMNS, SERVICE, read

DATASET = read_catalogue().source("dvf").dataset("mutations")
SALE = {
    "No disposition": "000001",
    "Date mutation": "03/01/2018",
    "Nature mutation": "Vente",
    "Valeur fonciere": "109000,50",
    "Type de voie": "RUE",
    "Voie": "DE LA GARE",
    "Code voie": "25",
    "Code postal": "1250",
    "Commune": "SAINT-JEAN",
    "Code departement": "01",
    "Code commune": "53",
    "Section": "A",
    "No plan": "73",
    "Surface Carrez du 1er lot": "31,05",
    "Nombre de lots": "1",
    "Surface reelle bati": "0",
    "Surface terrain": "949",
    "Nature culture": "S",
}


def raw(*sales: dict[str, str], first: str = SERVICE, end: str = "\n") -> bytes:
    rows = ["|".join((SALE | sale).get(column, "") for column in [first, *RAW_COLUMNS]) for sale in sales]
    return end.join(["|".join([first, *RAW_COLUMNS]), *rows, ""]).encode()


def rows(content: bytes, piece: int = 1 << 18) -> list[dict[str, Any]]:
    pieces = (content[start : start + piece] for start in range(0, len(content), piece))
    return pa.Table.from_batches(read(as_file(pieces), DATASET, "a file")).to_pylist()


@pytest.mark.parametrize("first", [SERVICE, DOCUMENT])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_row_has_the_columns_and_the_codes_of_geo_dvf(first: str, end: str) -> None:
    [row] = rows(raw({}, first=first, end=end))
    assert {key: value for key, value in row.items() if value is not None} == {
        "id_mutation": "2018-1",
        "date_mutation": "2018-01-03",
        "numero_disposition": "000001",
        "nature_mutation": "Vente",
        "valeur_fonciere": "109000.50",
        "adresse_nom_voie": "RUE DE LA GARE",
        "adresse_code_voie": "0025",
        "code_postal": "01250",
        "code_commune": "01053",
        "nom_commune": "Saint-Jean",
        "code_departement": "01",
        "id_parcelle": "010530000A0073",
        "lot1_surface_carrez": "31.05",
        "nombre_lots": "1",
        "code_nature_culture": "S",
        "nature_culture": "sols",
        "surface_terrain": "949",
    }
    assert set(row) <= {field.key for field in DATASET.published}


@pytest.mark.parametrize(
    ("departement", "commune", "section", "plan", "prefix", "parcel"),
    [
        ("2A", "4", "AB", "1", "", "2A004000AB0001"),
        ("971", "5", "B", "12", "", "97105000 B0012".replace(" ", "0")),
        ("13", "201", "C", "7", "801", "132018010C0007"),
    ],
)
def test_codes_of_places(departement: str, commune: str, section: str, plan: str, prefix: str, parcel: str) -> None:
    place = {"Code departement": departement, "Code commune": commune, "Section": section, "No plan": plan}
    [row] = rows(raw(place | {"Prefixe de section": prefix}))
    assert row["id_parcelle"] == parcel
    assert row["code_commune"] == parcel[:5]


def test_a_mutation_begins_where_day_or_price_changes_and_not_where_a_block_does() -> None:
    prices = ["1,00", "1,00", "2,00", "", "", "2,00", "1,00"]
    sales = [{"Valeur fonciere": price} for price in prices] + [
        {"Valeur fonciere": "1,00", "Date mutation": "04/01/2018"}
    ]
    numbers = [1, 1, 2, 3, 3, 4, 5, 6]
    repeated = sales * 400  # more than a block
    found = [row["id_mutation"] for row in rows(raw(*repeated), piece=997)]
    assert found[: len(sales)] == [f"2018-{number}" for number in numbers]
    assert len(found) == len(repeated)
    assert len(set(found)) == 400 * 6


def test_another_header_is_refused_with_what_differs() -> None:
    with pytest.raises(SourceChanged, match=r"a file: .* differs at 'Type'"):
        rows(raw({}).replace(b"Type local", b"Type", 1))


def test_a_row_that_is_cut_is_refused() -> None:
    with pytest.raises(SourceUnavailable, match="malformed"):
        rows(raw({}, {})[:-20])


def test_geo_dvf_itself_passes_through() -> None:
    header = ",".join(field.key for field in DATASET.published)
    content = f"{header}\n{','.join('x' for _ in DATASET.published)}\n".encode()
    [row] = pa.Table.from_batches(read(io.BufferedReader(io.BytesIO(content)), DATASET, "a file")).to_pylist()
    assert set(row.values()) == {"x"}
