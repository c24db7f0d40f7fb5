"""Where sales happen: departments with their codes, communes and streets. The names of communes are made up.

Numbers of communes are those of the register's shape: 2A004, 97101, and arrondissements instead of Paris, Lyon and
Marseille. No sales are published for 57, 67, 68 and 976.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from tests.sandbox.dvf.layout import quoted

UNPUBLISHED = {"20", "57", "67", "68"}
MAINLAND = [f"{number:02}" for number in range(1, 96)]
CODES = [*sorted({*MAINLAND, "2A", "2B"} - UNPUBLISHED), "971", "972", "973", "974"]
# How much more is sold than in an ordinary department, and how much dearer it is
BUSY = {"59": 3.2, "33": 2.8, "13": 2.5, "69": 2.4, "44": 2.4, "34": 2.3, "06": 2.2, "75": 2.1, "83": 2.1, "31": 2.1}
DEAR = {"75": 3.8, "92": 2.5, "94": 1.9, "06": 1.9, "78": 1.7, "69": 1.5, "13": 1.4, "33": 1.4, "2A": 1.4, "83": 1.5}
# Arrondissements: the first number after the department's code, and how many
QUARTERS = {"75": ("Paris", 101, 20), "69": ("Lyon", 381, 9), "13": ("Marseille", 201, 16)}
OVERSEAS = {"971": (16.2, -61.5), "972": (14.6, -61.0), "973": (4.9, -52.3), "974": (-21.1, 55.5)}
COMMUNES = 240  # of a department; 24 overseas, where a number has two digits

BEGINNINGS = ["Mont", "Val", "Roche", "Châtel", "Ville", "Bel", "Fon", "Clair", "Cour", "Haute", "Pré", "Bois", "Gué"]
MIDDLES = ["mar", "lon", "ber", "ri", "gny", "vé", "sa", "dou", "lam", "tei", "ro", "fle"]
ENDINGS = ["ville", "court", "ac", "y", "ières", "an", "euil", "-sur-Lance", "-le-Vieux", "-les-Prés", "-en-Aulne"]
KINDS = ["RUE", "RUE", "RUE", "AV", "CHE", "RTE", "IMP", "PL", "ALL", "BD", "LOT"]
NAMES = [
    *("DES TILLEULS", "DU MOULIN", "DE LA GARE", "DES ECOLES", "DU PUITS", "DE L EGLISE", "DES VIGNES", "DU STADE"),
    *("DES ROSIERS", "DU PONT NEUF", "DES PRES VERTS", "DE LA FONTAINE", "DU CHATEAU", "DES CERISIERS", "DU LAVOIR"),
]
FIELDS = ["LE GRAND CHAMP", "LES COMBES", "LA HAUTE BORNE", "LES VERNES", "BOIS DU ROI", "LA PLAINE", "SOUS LE BOURG"]
STREETS = 10  # of a commune, and as many fields: neighbours in the lists of all
ALL_STREETS = 2_000


@dataclass(frozen=True, slots=True)
class Department:
    """A department: its place in the file, its share of the sales, its price level and where it is (microdegrees)."""

    index: int
    code: str
    weight: float
    level: float
    latitude: int
    longitude: int
    communes: int


@dataclass(frozen=True, slots=True)
class Commune:
    """A commune as the texts that its rows are joined from.

    place: code_postal to ancien_nom_commune. parcel: the first eight characters of a parcel. former: the same of
    ancien_id_parcelle, empty where no merger renamed it. streets and fields: adresse_nom_voie and adresse_code_voie.
    """

    place: str
    parcel: str
    former: str
    streets: tuple[str, ...]
    fields: tuple[str, ...]
    level: float
    latitude: int
    longitude: int


@lru_cache(maxsize=4)
def departments(seed: int) -> list[Department]:
    """List the departments in the order of the file."""
    return [_department(index, code, Random(f"department {seed} {code}")) for index, code in enumerate(CODES)]


def _department(index: int, code: str, draw: Random) -> Department:
    latitude, longitude = draw.uniform(43.5, 49.8), draw.uniform(-1.2, 6.8)
    if code in ("2A", "2B"):
        latitude, longitude = draw.uniform(41.6, 42.8), draw.uniform(8.8, 9.4)
    latitude, longitude = OVERSEAS.get(code, (latitude, longitude))
    communes = 24 if code in OVERSEAS else QUARTERS["75"][2] if code == "75" else COMMUNES
    weight, level = BUSY.get(code, draw.uniform(0.4, 1.3)), DEAR.get(code, draw.uniform(0.55, 1.15))
    return Department(index, code, weight, level, round(latitude * 1e6), round(longitude * 1e6), communes)


def commune(seed: int, department: Department, number: int) -> Commune:
    """Make a commune of a department, 0 to communes - 1; the arrondissements come first."""
    draw = Random(f"commune {seed} {department.code} {number}")
    overseas = department.code in OVERSEAS
    city, first, quarters = QUARTERS.get(department.code, ("", 0, 0))
    if number < quarters:
        ordinal = "1er" if number == 0 else f"{number + 1}e"
        insee, name = f"{department.code}{first + number}", f"{city} {ordinal} Arrondissement"
        postcode = f"{department.code}0{number + 1:02}"
    else:
        insee = f"{department.code}{number + 1:02}" if overseas else f"{department.code}{number * 3 + 1:03}"
        name = draw.choice(BEGINNINGS) + draw.choice(MIDDLES) + draw.choice(MIDDLES) + draw.choice(ENDINGS)
        area = {"2A": "200", "2B": "202"}.get(department.code, department.code)
        postcode = (area + f"{number % 97 * 10:03}")[:5]
    former = ",", ""
    prefix = "000"
    if number >= quarters and number % 40 == 17 and not overseas:
        # Merged: its parcels carry the number of the former commune.
        old = f"{department.code}{number * 3 + 2:03}"
        former = f"{old},{draw.choice(BEGINNINGS)}{draw.choice(ENDINGS)}", old + "000"
        prefix = old[2:]
    streets, fields = _addresses(seed)
    at = draw.randrange(ALL_STREETS - STREETS)
    return Commune(
        place=f"{postcode},{insee},{name},{department.code},{former[0]}",
        parcel=insee + prefix,
        former=former[1],
        streets=streets[at : at + STREETS],
        fields=fields[at : at + STREETS],
        level=department.level * draw.uniform(0.7, 1.4),
        latitude=department.latitude + draw.randint(-300_000, 300_000),
        longitude=department.longitude + draw.randint(-300_000, 300_000),
    )


@lru_cache(maxsize=4)
def _addresses(seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """List the streets and the fields of the country once: drawing them anew takes longer than all other work."""
    draw = Random(f"streets {seed}")
    fields = (f"{draw.choice(FIELDS)},B{draw.randint(1, 399):03}" for _ in range(ALL_STREETS))
    return tuple(_street(draw, place) for place in range(ALL_STREETS)), tuple(fields)


def _street(draw: Random, place: int) -> str:
    """Draw a street with its code; 1 in 50 has a comma in its name, 1 in 200 has quotes."""
    name = f"{draw.choice(KINDS)} {draw.choice(NAMES)}"
    luck = draw.random()
    if luck < 0.02:
        name += ", PROLONGEE"
    elif luck < 0.025:
        name += ' DIT "LE CLOS"'
    return f"{quoted(name)},{place * 5:04}"
