"""The 40 columns of geo-dvf, and a line of the file as a record: empty is null, everything else is text."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping

# As published: the MD5 of the header line is 2dc6b8a71937d7e916cba3e70a59b094.
COLUMNS = (
    *("id_mutation", "date_mutation", "numero_disposition", "nature_mutation", "valeur_fonciere"),
    *("adresse_numero", "adresse_suffixe", "adresse_nom_voie", "adresse_code_voie"),
    *("code_postal", "code_commune", "nom_commune", "code_departement", "ancien_code_commune", "ancien_nom_commune"),
    *("id_parcelle", "ancien_id_parcelle", "numero_volume"),
    *("lot1_numero", "lot1_surface_carrez", "lot2_numero", "lot2_surface_carrez", "lot3_numero", "lot3_surface_carrez"),
    *("lot4_numero", "lot4_surface_carrez", "lot5_numero", "lot5_surface_carrez", "nombre_lots"),
    *("code_type_local", "type_local", "surface_reelle_bati", "nombre_pieces_principales"),
    *("code_nature_culture", "nature_culture", "code_nature_culture_speciale", "nature_culture_speciale"),
    *("surface_terrain", "longitude", "latitude"),
)
HEADER = ",".join(COLUMNS) + "\n"

Document = dict[str, object]


def documents(lines: Iterable[str]) -> Iterator[Document]:
    """Read lines as a right reader does."""
    for values in csv.reader(lines):
        yield {name: value or None for name, value in zip(COLUMNS, values, strict=True)}


def line(document: Mapping[str, object]) -> str:
    """Write a record back, null as nothing, quotes only where a value needs them; unknown keys follow the columns."""
    names = [*COLUMNS, *(name for name in document if name not in COLUMNS)]
    return ",".join(quoted(document.get(name)) for name in names) + "\n"


def quoted(value: object) -> str:
    """Write one value of a line."""
    text = "" if value is None else str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if any(mark in text for mark in ',"\n') else text
