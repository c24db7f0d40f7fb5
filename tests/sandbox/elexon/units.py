"""The population of BM units: 1,421 that notify levels, and those that the register holds besides them.

Names are made up; shares by fuel and type are those of a real settlement period (2022-03-19, period 27) and of a real
register. A unit is a function of its place in the list alone, so a smaller scale is a prefix of a larger one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Units with physical notifications by fuel; None = a party's or trader's unit without a fuel.
NOTIFYING = {
    None: 1_076,
    "WIND": 172,
    "CCGT": 62,
    "NPSHYD": 22,
    "OCGT": 21,
    "PS": 16,
    "NUCLEAR": 14,
    "BIOMASS": 14,
    "COAL": 10,
    "OTHER": 5,
    "INTFR": 1,
    "INTIFA2": 1,
    "INTELEC": 1,
    "INTNED": 1,
    "INTNEM": 1,
    "INTNSL": 1,
    "INTIRL": 1,
    "INTEW": 1,
    "INTVKL": 1,
}
# Units of the register that notify nothing: 2,733 entries in all, of which one is a unit's second code.
SILENT = {
    None: 1_158,
    "WIND": 75,
    "OTHER": 49,
    "NPSHYD": 14,
    "BIOMASS": 4,
    "CCGT": 3,
    "OCGT": 2,
    "NUCLEAR": 2,
    "INTGRNL": 2,
    "INTELEC": 1,
    "INTVKL": 1,
}
# The first units at every scale, so that a thinned sandbox still has each fuel.
FIRST = (
    "WIND",
    None,
    "CCGT",
    "PS",
    "NUCLEAR",
    "BIOMASS",
    "NPSHYD",
    "OCGT",
    "COAL",
    "OTHER",
    None,
    "INTFR",
    None,
    "WIND",
)
CAPACITY_MW = {
    "WIND": 280,
    "CCGT": 600,
    "NPSHYD": 40,
    "OCGT": 45,
    "PS": 300,
    "NUCLEAR": 600,
    "BIOMASS": 300,
    "COAL": 490,
    "OTHER": 50,
}
INTERCONNECTOR_MW = 1_000
FUEL_LESS_TYPES = "IGIGISEIGIGVSIEG"  # interconnector users, suppliers and embedded units in about the real shares


@dataclass(frozen=True, slots=True)
class Unit:
    """One BM unit. Capacities in MW, demand zero or negative. `ident` ends the records of the physical datasets."""

    index: int
    name: str
    bm_unit: str | None
    fuel: str | None
    kind: str
    generation_mw: int
    demand_mw: int
    ident: tuple[str, ...]


def word(index: int) -> str:
    """Make an invented name of five letters; the first 200,000 are all different."""
    rest = index * 7_919 % 200_000  # a prime step: neighbours in the list do not look alike
    letters = ""
    for alphabet in ("BCDFGHKLMNPRSTVWXYZQ", "AEIOU", "BCDFGHKLMNPRSTVWXYZJ", "AEIOU", "LNRSTDKMPWBCFGHVXYZQ"):
        rest, place = divmod(rest, len(alphabet))
        letters += alphabet[place]
    return letters


def spread(counts: dict[str | None, int], first: tuple[str | None, ...] = ()) -> Iterator[str | None]:
    """List every fuel as often as counted, evenly mixed, beginning with `first`."""
    left = dict(counts)
    for fuel in first:
        left[fuel] -= 1
        yield fuel
    places = [((k + 0.5) / n, str(fuel), fuel) for fuel, n in left.items() for k in range(n)]
    yield from (fuel for _, _, fuel in sorted(places, key=lambda place: place[:2]))


def build(index: int, fuel: str | None, *, silent: bool = False) -> Unit:
    """Make the unit at a place of the list."""
    size = 0.35 + (index * 37 % 131) / 100  # 0.35 to 1.65 of the fuel's usual size
    if fuel is None:
        kind = FUEL_LESS_TYPES[index * 5 % 16 if not silent else index * 5 % 11]
        generation, demand = {"I": (500, -500), "G": (60, -40), "S": (0, -250), "E": (50, -50), "V": (20, -15)}[kind]
    elif fuel.startswith("INT"):
        kind, generation, demand = "I", INTERCONNECTOR_MW, -INTERCONNECTOR_MW
    else:
        kind = "E" if fuel in ("OTHER", "NPSHYD") and index % 3 == 0 else "T"
        generation = CAPACITY_MW[fuel]
        demand = -generation if fuel in ("PS", "OTHER") else -2
    name = f"{word(index)}-{1 + index % 4}" if kind in "TE" else f"AG-{word(index)}{1 + index % 3:02d}"
    prefix = {"G": "2__", "S": "2__"}.get(kind, f"{kind}_")
    bm_unit = f"{prefix}{word(index)}{index % 4:03d}" if kind in "GS" else prefix + name
    # 61 names of the real register have no Elexon name, 3 of them among the units that notify.
    mapped = index % 23 != 3 if silent else index % 500 != 13
    return Unit(
        index=index,
        name=name,
        bm_unit=bm_unit if mapped else None,
        fuel=fuel,
        kind=kind,
        generation_mw=round(generation * size),
        demand_mw=round(demand * size),
        ident=(name, bm_unit) if mapped else (name,),
    )


def notifying(scale: float) -> list[Unit]:
    """List the units that send physical notifications: 1,421 at scale 1, at least 2."""
    fuels = list(spread(NOTIFYING, FIRST))
    return [build(index, fuel) for index, fuel in enumerate(fuels[: max(2, round(len(fuels) * scale))])]


def silent(scale: float) -> list[Unit]:
    """List the units that only the register knows: 1,311 at scale 1, at least 1."""
    fuels = list(spread(SILENT))
    count = max(1, round(len(fuels) * scale))
    return [build(sum(NOTIFYING.values()) + place, fuel, silent=True) for place, fuel in enumerate(fuels[:count])]
