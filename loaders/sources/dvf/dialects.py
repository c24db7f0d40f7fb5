"""The two files in which sales are published, as one: geo-dvf's, and the tax administration's own.

The second (valeursfoncieres-YYYY.txt, "raw" here) has 43 columns between bars, decimal commas, days first, and neither
mutations nor coordinates. It is brought into the first's columns by the rules of geo-dvf's own producer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import Dataset
from loaders.delimited import read_csv, read_delimited
from loaders.errors import SourceChanged

SERVICE, DOCUMENT = "Code service CH", "Identifiant de document"  # the first column until 2021, and since
LOTS = ("1er lot", "2eme lot", "3eme lot", "4eme lot", "5eme lot")
RAW_COLUMNS = [
    *("Reference document", "1 Articles CGI", "2 Articles CGI", "3 Articles CGI", "4 Articles CGI", "5 Articles CGI"),
    *("No disposition", "Date mutation", "Nature mutation", "Valeur fonciere"),
    *("No voie", "B/T/Q", "Type de voie", "Code voie", "Voie", "Code postal", "Commune"),
    *("Code departement", "Code commune", "Prefixe de section", "Section", "No plan", "No Volume"),
    *(column for lot in LOTS for column in (lot, f"Surface Carrez du {lot}")),
    *("Nombre de lots", "Code type local", "Type local", "Identifiant local"),
    *("Surface reelle bati", "Nombre pieces principales"),
    *("Nature culture", "Nature culture speciale", "Surface terrain"),
]

# Uses of land in the land register, as the administration names them.
USES = {
    "AB": "terrains a bâtir", "AG": "terrains d'agrément", "B": "bois", "BF": "futaies feuillues",
    "BM": "futaies mixtes", "BO": "oseraies", "BP": "peupleraies", "BR": "futaies résineuses",
    "BS": "taillis sous futaie", "BT": "taillis simples", "CA": "carrières", "CH": "chemin de fer", "E": "eaux",
    "J": "jardins", "L": "landes", "LB": "landes boisées", "P": "prés", "PA": "pâtures", "PC": "pacages",
    "PE": "prés d'embouche", "PH": "herbages", "PP": "près plantes", "S": "sols", "T": "terres",
    "TP": "terres plantées", "VE": "vergers", "VI": "vignes",
}  # fmt: skip


def read(file: IO[bytes], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of text columns under geo-dvf's names, from either file. Raises as `read_csv`."""
    beginning = file.peek(1 << 12) if hasattr(file, "peek") else b""
    if b"|" not in beginning.split(b"\n", 1)[0]:
        yield from read_csv(file, dataset)
        return
    header = file.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split("|")
    if header not in ([SERVICE, *RAW_COLUMNS], [DOCUMENT, *RAW_COLUMNS]):
        raise SourceChanged(
            f"{name}: the header is neither of the two that the administration has used; it has {len(header)} columns, "
            f"and differs at {_difference(header)}; compare them and correct {__name__}"
        )
    mutations = _Mutations()
    for batch in read_delimited(file, header, "|", quoted=False):
        yield _as_geo(batch, mutations)


def _difference(header: list[str]) -> str:
    known = [SERVICE if header[0] == SERVICE else DOCUMENT, *RAW_COLUMNS]
    return next((repr(one) for one, other in zip(header, known, strict=False) if one != other), "its end")


@dataclass
class _Mutations:
    """Numbers the mutations of a file: a new one begins where the day or the price is not that of the row before."""

    number: int = 0
    last: str | None = None

    def take(self, days: pa.Array, prices: pa.Array) -> pa.Array:
        keys = _joined([days, prices], "|")
        before = pa.concat_arrays([pa.array([self.last], pa.string()), keys[:-1]])
        begins = pc.fill_null(pc.not_equal(keys, before), True)
        numbers = pc.add(pc.cumulative_sum(begins.cast(pa.int64())), self.number)
        if len(keys):
            self.number, self.last = numbers[-1].as_py(), keys[-1].as_py()
        return _joined([pc.utf8_slice_codeunits(days, 0, 4), numbers.cast(pa.string())], "-")


def _as_geo(raw: pa.RecordBatch, mutations: _Mutations) -> pa.RecordBatch:
    """A batch of the administration's file in geo-dvf's columns."""
    day = pc.replace_substring_regex(raw["Date mutation"], r"^(\d\d)/(\d\d)/(\d{4})$", r"\3-\2-\1")
    price = _decimal(raw["Valeur fonciere"])
    departement = raw["Code departement"]
    overseas = pc.starts_with(departement, "97")
    commune = _joined(
        [departement, pc.if_else(overseas, _padded(raw["Code commune"], 2), _padded(raw["Code commune"], 3))]
    )
    prefix = _padded(pc.fill_null(raw["Prefixe de section"], "000"), 3)
    parcel = _joined([commune, prefix, _padded(raw["Section"], 2), _padded(raw["No plan"], 4)])
    street = pc.utf8_trim_whitespace(_joined([raw["Type de voie"], raw["Voie"]], " "))
    use = raw["Nature culture"]
    lots = {
        key: column
        for number, lot in enumerate(LOTS, start=1)
        for key, column in (
            (f"lot{number}_numero", raw[lot]),
            (f"lot{number}_surface_carrez", _decimal(raw[f"Surface Carrez du {lot}"])),
        )
    }
    columns: dict[str, Any] = {
        "id_mutation": mutations.take(day, price),
        "date_mutation": day,
        "numero_disposition": raw["No disposition"],
        "nature_mutation": raw["Nature mutation"],
        "valeur_fonciere": price,
        "adresse_numero": raw["No voie"],
        "adresse_suffixe": raw["B/T/Q"],
        "adresse_nom_voie": pc.if_else(pc.equal(street, ""), pa.scalar(None, pa.string()), street),
        "adresse_code_voie": _padded(raw["Code voie"], 4),
        "code_postal": _padded(raw["Code postal"], 5),
        "code_commune": commune,
        "nom_commune": pc.utf8_title(raw["Commune"]),
        "code_departement": departement,
        "id_parcelle": parcel,
        "numero_volume": raw["No Volume"],
        **lots,
        "nombre_lots": raw["Nombre de lots"],
        "code_type_local": raw["Code type local"],
        "type_local": raw["Type local"],
        "surface_reelle_bati": _area(raw["Surface reelle bati"]),
        "nombre_pieces_principales": raw["Nombre pieces principales"],
        "code_nature_culture": use,
        "nature_culture": pa.array([USES.get(code) for code in use.to_pylist()], pa.string()),
        "code_nature_culture_speciale": raw["Nature culture speciale"],
        "surface_terrain": _area(raw["Surface terrain"]),
    }
    return pa.RecordBatch.from_pydict(columns)


def _joined(parts: list[pa.Array], separator: str = "") -> pa.Array:
    return pc.binary_join_element_wise(*parts, separator, null_handling="replace", null_replacement="")


def _padded(codes: pa.Array, width: int) -> pa.Array:
    return pc.utf8_lpad(codes, width, "0")


def _decimal(numbers: pa.Array) -> pa.Array:
    return pc.replace_substring(numbers, ",", ".")


def _area(numbers: pa.Array) -> pa.Array:
    """Geo-dvf leaves an area of nothing empty."""
    areas = _decimal(numbers)
    is_nothing = pc.fill_null(pc.match_substring_regex(areas, r"^0+\.?0*$"), False)
    return pc.if_else(is_nothing, pa.scalar(None, pa.string()), areas)
