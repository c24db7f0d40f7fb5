"""What is sold together: the rows of a sale without its place, its day and its price.

A row of DVF is disposition x parcel x local x nature of culture, so one house fills several rows, and two garages that
differ only in columns that are blanked are two identical rows. Counts are exact, not drawn: sales step through a table
of 4,096 shapes whose sizes follow the published distribution (median 2 rows, 99 in 100 have 17 or less).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from random import Random

TABLE_SIZE = 4_096
# (share of the sales that have at most so many rows, rows); between the lines the size grows evenly
SIZES = [
    *((0.0, 1), (0.42, 1), (0.4201, 2), (0.72, 2), (0.7201, 3), (0.842, 3), (0.8421, 4), (0.902, 4), (0.9021, 5)),
    *((0.932, 5), (0.952, 6), (0.97, 8), (0.98, 10), (0.9905, 17), (0.995, 28), (0.998, 45), (0.9995, 80), (1.0, 209)),
]

LOCALS = {"1": "Maison", "2": "Appartement", "3": "Dépendance", "4": "Local industriel. commercial ou assimilé"}
SOIL, GARDEN = "S,sols", "J,jardins"
LAND = [
    *("P,prés", "P,prés", "T,terres", "T,terres", "AB,terrains a bâtir", "AG,terrains d'agrément", "L,landes"),
    *("BS,taillis sous futaie", "BT,taillis simples", "VI,vignes", "BR,futaies résineuses", "E,eaux", "VE,vergers"),
]
SPECIAL = ["JARD,Jardin d'agrément", "FRICH,Friche", "PATUR,Pâture plantée", "POTAG,Jardin potager", "PARC,Parc"]
OFF_PLAN = "Vente en l'état futur d'achèvement"
NATURES = [
    *((0.9695, "Vente"), (0.9818, "Echange"), (0.9924, OFF_PLAN), (0.9967, "Adjudication")),
    *((0.9995, "Vente terrain à bâtir"), (1.0, "Expropriation")),
]
# Euros a square metre of an ordinary commune
WORTH = {"1": 2_100, "2": 2_600, "3": 400, "4": 1_300}


@dataclass(frozen=True, slots=True)
class Parcel:
    """One of the parcels of a sale: with a street number or not, in the commune of the sale or in another one."""

    built: bool
    elsewhere: bool


@dataclass(frozen=True, slots=True)
class Shape:
    """The rows of a sale: (disposition, place in parcels, the columns numero_volume to surface_terrain)."""

    nature: str
    parcels: tuple[Parcel, ...]
    rows: tuple[tuple[str, int, str], ...]
    worth: int  # euros in an ordinary commune


@lru_cache(maxsize=4)
def shape_table(seed: int) -> list[Shape]:
    """Draw the shapes of a seed: a fifth of a second, once."""
    draw = Random(f"shapes {seed}")
    return [_shape(draw, _size((place + 0.5) / TABLE_SIZE)) for place in range(TABLE_SIZE)]


def mean_rows(seed: int) -> float:
    """Give how many rows a sale has on average: 2.7."""
    return sum(len(shape.rows) for shape in shape_table(seed)) / TABLE_SIZE


def _size(share: float) -> int:
    for (low, least), (high, most) in pairwise(SIZES):
        if share <= high:
            return round(least + (most - least) * (share - low) / (high - low))
    return SIZES[-1][1]


def _shape(draw: Random, size: int) -> Shape:
    share = draw.random()
    nature = next(name for limit, name in NATURES if share <= limit)
    disposition = "000001" if draw.random() < 0.95 else f"{draw.randint(2, 9):06}"
    kind = draw.choices(["house", "flat", "land", "garage", "shop"], [32, 24, 34, 5, 5])[0]
    if nature == "Vente terrain à bâtir":
        kind = "land"
    built, tails, worth = _land(draw) if kind == "land" else _home(draw, kind, off_plan=nature == OFF_PLAN)
    parcels = [Parcel(built, elsewhere=False)]
    rows = [(disposition, 0, tail) for tail in tails][:size]
    while len(rows) < size:
        luck = draw.random()
        if luck < 0.06:
            rows.append(rows[-1])  # a twin, equal in every column
        elif luck < 0.25 and built:
            rows.append((disposition, 0, _outbuilding(draw)))
            worth += 8_000
        elif luck < 0.40 and built and len(rows) * 2 <= size:
            rows += [(disposition, place, _with_culture(draw, tail)) for _, place, tail in rows]  # the cross product
        else:
            if luck > 0.985:
                disposition = f"{int(disposition) + 1:06}"
            if luck > 0.45:
                parcels.append(Parcel(built=False, elsewhere=draw.random() < 0.018))
            more, tails, extra = _land(draw)
            assert not more
            rows.append((disposition, len(parcels) - 1, tails[0]))
            worth += extra
    return Shape(nature, tuple(parcels), tuple(rows), worth)


def _land(draw: Random) -> tuple[bool, list[str], int]:
    """Draw one piece of land: without a number, a local or a lot."""
    surface = int(10 ** draw.uniform(1.3, 4.2))
    culture = draw.choice(LAND)
    special = draw.choice(SPECIAL) if draw.random() < 0.05 else ","
    euros = 60 if culture.startswith("AB") else 2
    return False, [_tail(culture=culture, special=special, terrain=surface)], 200 + surface * euros


def _home(draw: Random, kind: str, *, off_plan: bool) -> tuple[bool, list[str], int]:
    """Draw the first rows of a built parcel: a house on its soil, a flat with its lots and cellar, a garage, a shop."""
    code = {"house": "1", "flat": "2", "garage": "3", "shop": "4"}[kind]
    surface = {"1": draw.randint(45, 180), "2": draw.randint(14, 115), "3": 12, "4": draw.randint(20, 600)}[code]
    worth = int(surface * WORTH[code] * draw.uniform(0.8, 1.25))
    if off_plan and draw.random() < 0.6:  # sold before there is anything to describe
        return True, [_tail(lots=_lots(draw, surface), terrain=None)], worth
    rooms = 0 if code in "34" else max(1, surface // 25)
    if kind == "house" or (kind == "shop" and draw.random() < 0.5):
        terrain = draw.randint(60, 2_500)
        return True, [_tail(local=code, surface=surface, rooms=rooms, culture=SOIL, terrain=terrain)], worth
    area = None if code == "3" else surface
    volume = str(draw.randint(1, 12)) if draw.random() < 0.01 else ""
    first = _tail(volume, _lots(draw, area), local=code, surface=area, rooms=rooms)
    cellar = _tail(lots=_lots(draw, None), local="3", rooms=0)
    return True, [first, cellar], worth


def _outbuilding(draw: Random) -> str:
    if draw.random() < 0.7:
        return _tail(local="3", rooms=0, culture=SOIL, terrain=draw.randint(15, 400))
    return _tail(lots=_lots(draw, None), local="3", rooms=0)


def _with_culture(draw: Random, tail: str) -> str:
    """Repeat a row for the garden of its parcel: everything is equal but the culture and its surface."""
    return f"{tail.rsplit(',', 5)[0]},{GARDEN},,,{draw.randint(20, 900)}"


def _lots(draw: Random, surface: int | None) -> list[str]:
    """Draw the lots of a flat, half of them with a measured surface. Five are carried, however many there are."""
    count = draw.choices([1, 2, 3, 4, 5, 6, 12, 41], [700, 220, 40, 20, 8, 6, 5, 1])[0]
    first = draw.randint(1, 400)
    lots = [f"{first + place:04}" if first % 9 == 0 else str(first + place) for place in range(count)]
    measured = f"{surface - 0.35:.2f}" if surface is not None and draw.random() < 0.5 else ""
    more = [f"{lot},{draw.randint(3, 30)}" if measured and draw.random() < 0.3 else f"{lot}," for lot in lots[1:]]
    return [f"{lots[0]},{measured}", *more]


def _tail(
    volume: str = "",
    lots: list[str] | None = None,
    *,
    local: str = "",
    surface: int | None = None,
    rooms: int | None = None,
    culture: str = ",",
    special: str = ",",
    terrain: int | None = None,
) -> str:
    given = lots or []
    carried = ",".join([*given, *[","] * 5][:5])
    area, counted, ground = ("" if number is None else number for number in (surface, rooms, terrain))
    label = LOCALS.get(local, "")
    return f"{volume},{carried},{len(given)},{local},{label},{area},{counted},{culture},{special},{ground}"
