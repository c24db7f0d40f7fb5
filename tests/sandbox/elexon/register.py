"""The register of BM units: 22 keys, capacities as strings, nulls written out, one unit under two codes."""

from __future__ import annotations

from collections.abc import Iterator

from tests.sandbox.elexon.generation import FLEET
from tests.sandbox.elexon.layout import Documents, Record, Values
from tests.sandbox.elexon.units import Unit
from tests.sandbox.elexon.world import World

REGISTER = INTERCONNECTORS = Documents()
FUEL_TYPES = Values()
GROUPS = {"_A": "Eastern", "_C": "London", "_G": "North Western", "_K": "South Wales", "_N": "South Scotland"}
LINKS = {"INTFR": "FRANCE", "INTIFA2": "IFA2", "INTELEC": "ELECLINK", "INTNED": "BRITNED", "INTNEM": "NEMOLINK"}
KEYS = [
    "nationalGridBmUnit",
    "elexonBmUnit",
    "eic",
    "fuelType",
    "leadPartyName",
    "bmUnitType",
    "fpnFlag",
    "bmUnitName",
    "leadPartyId",
    "demandCapacity",
    "generationCapacity",
    "productionOrConsumptionFlag",
    "transmissionLossFactor",
    "workingDayCreditAssessmentImportCapability",
    "nonWorkingDayCreditAssessmentImportCapability",
    "workingDayCreditAssessmentExportCapability",
    "nonWorkingDayCreditAssessmentExportCapability",
    "creditQualifyingStatus",
    "demandInProductionFlag",
    "gspGroupId",
    "gspGroupName",
    "interconnectorId",
]


def bm_units(world: World) -> Iterator[Record]:
    """Yield the whole register: 2,733 entries at scale 1."""
    for unit in world.units:
        yield entry(unit, notifies=True)
    for unit in world.silent_units:
        yield entry(unit, notifies=False)
    twin = entry(world.units[0], notifies=True)
    yield {**twin, "eic": f"48W00001{twin['nationalGridBmUnit']!s:->8}"}


def entry(unit: Unit, *, notifies: bool) -> dict[str, object]:
    """Write one entry. A unit that Elexon has not mapped has a name, perhaps a fuel, and nothing else."""
    record: dict[str, object] = dict.fromkeys(KEYS)
    record |= {
        "nationalGridBmUnit": unit.name,
        "fuelType": unit.fuel,
        "creditQualifyingStatus": False,
        "demandInProductionFlag": False,
    }
    if unit.bm_unit is None:
        return record
    generation, demand = float(unit.generation_mw), float(unit.demand_mw)
    group = list(GROUPS)[unit.index % 5] if unit.kind in "GSEV" else None
    link = (LINKS.get(unit.fuel or "") or list(LINKS.values())[unit.index % 5]) if unit.kind == "I" else None
    return record | {
        "elexonBmUnit": unit.bm_unit,
        "eic": f"48W00000{unit.name:->8}" if unit.fuel is not None and unit.kind == "T" else None,
        "leadPartyName": f"Party {unit.index % 120:03d} Limited",
        "bmUnitType": unit.kind,
        "fpnFlag": notifies or unit.index % 9 > 0,
        "bmUnitName": unit.name,
        "leadPartyId": f"PARTY{unit.index % 120:03d}",
        "demandCapacity": f"{demand:.3f}",
        "generationCapacity": f"{generation:.3f}",
        "productionOrConsumptionFlag": "P" if generation > -demand else "C",
        "transmissionLossFactor": f"{(unit.index % 61 - 30) / 1000:.7f}",
        "workingDayCreditAssessmentImportCapability": f"{demand * 0.4:.3f}",
        "nonWorkingDayCreditAssessmentImportCapability": f"{demand * 0.4:.3f}",
        "workingDayCreditAssessmentExportCapability": f"{generation * 0.4:.3f}",
        "nonWorkingDayCreditAssessmentExportCapability": f"{generation * 0.4:.3f}",
        "creditQualifyingStatus": unit.index % 5 == 0,
        "demandInProductionFlag": unit.index % 250 == 0,
        "gspGroupId": group,
        "gspGroupName": GROUPS[group] if group else None,
        "interconnectorId": link,
    }


# Invented names and zones in the shapes of the real ones.
ZONES = {"INTFR": "10YFR-RTE------C", "INTNED": "10YNL----------L", "INTNEM": "10YBE----------2"}


def fuel_types(world: World) -> Iterator[Record]:
    """Yield the codes of FUELHH as bare strings: this route has no records."""
    yield from ({"value": fuel} for fuel in FLEET)


def interconnectors(world: World) -> Iterator[Record]:
    """Yield every link; some have no bidding zone."""
    for code in FLEET:
        if code.startswith("INT"):
            yield {
                "interconnectorId": code,
                "interconnectorName": f"{LINKS.get(code, code.removeprefix('INT').title())} ({code})",
                "interconnectorBiddingZone": ZONES.get(code),
            }
