"""A year of sales, line by line, in the order of the file. Nothing is held but the communes of one department."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from tests.sandbox.dvf.places import STREETS, Commune, Department, commune, departments
from tests.sandbox.dvf.releases import CYCLE, GONE, GROUND, NEW, PRICE, SHORTER, Plan, changes
from tests.sandbox.dvf.shapes import TABLE_SIZE, Parcel, Shape, mean_rows, shape_table

ROWS = 3_800_000  # of a year at scale 1
STEP = 1_597  # coprime with the table's size: consecutive sales visit all shapes evenly
BLOCK = 256  # sales that change places among themselves from release to release
ANOTHER = 0x9E3779B97F4A7C15  # mixed into the luck of a sale for one that a release adds after it

SECTIONS = [first + second for first in "0ABCZ" for second in "ABCDEHKMP"]
PLANS = [f"{number:04}" for number in range(1, 2_001)]
PARCELS = len(SECTIONS) * len(PLANS)  # of a commune
SUFFIXES = ["B", "B", "A", "C", "T"]

# The luck of a sale (64 random bits), its shape and what releases corrected in it
Sale = tuple[int, Shape, list[tuple[str, int]]]


@dataclass(frozen=True)
class Edition:
    """One file: what it is a function of."""

    seed: int
    scale: float
    year: int
    release: int

    def lines(self) -> Iterator[str]:
        """Yield the lines after the header. Numbers of sales count up through the file: no release keeps them."""
        plan = changes(self.seed, self.year, self.release)
        days = _working_days(self.year)
        number = 0
        for department, count in self._counts():
            desk = Desk(self, department, days)
            for sale in self._sales(department, count, plan):
                number += 1
                yield from desk.lines(f"{self.year}-{number}", sale)

    def _counts(self) -> Iterator[tuple[Department, int]]:
        """Share the sales out; a department has one at least, at any scale."""
        everywhere = departments(self.seed)
        total = self.scale * ROWS / mean_rows(self.seed) / sum(department.weight for department in everywhere)
        for department in everywhere:
            yield department, max(1, round(total * department.weight))

    def _sales(self, department: Department, count: int, plan: Plan) -> Iterator[Sale]:
        """Yield the sales of a department. Those of a smaller scale are the first of a larger one's."""
        shapes = shape_table(self.seed)
        lucky = Random(f"sales {self.seed} {self.year} {department.code}").getrandbits
        mixed = Random(f"order {self.seed} {self.year} {department.code} {self.release}")
        offset = department.index * 37  # departments with one sale are not all at the same place of the tables
        for start in range(offset, offset + count, BLOCK):
            block: list[Sale] = []
            for ordinal in range(start, min(start + BLOCK, offset + count)):
                luck = lucky(64)
                todo = plan[ordinal % CYCLE]
                if not any(change == GONE for change, _ in todo):
                    block.append((luck, shapes[ordinal * STEP % TABLE_SIZE], todo))
                for change, release in todo:
                    if change == NEW:
                        other = luck ^ (ANOTHER * release & (1 << 64) - 1)
                        block.append((other, shapes[other % TABLE_SIZE], []))
            if self.release > 1:
                mixed.shuffle(block)
            yield from block


class Desk:
    """Writes the sales of one department."""

    def __init__(self, edition: Edition, department: Department, days: list[str]) -> None:
        self._seed = edition.seed
        self._release = edition.release
        self._department = department
        self._days = days
        self._communes: list[Commune | None] = [None] * department.communes

    def lines(self, number: str, sale: Sale) -> list[str]:
        """Write the rows of a sale: the price on every one of them."""
        luck, shape, corrections = sale
        size = self._department.communes
        home = (luck & 0xFFFF) ** 2 * size >> 32  # half of the sales are in a quarter of the communes
        first = (luck >> 16) % PARCELS
        place = self._commune(home)
        price, rows = _price(luck, shape, place.level), list(shape.rows)
        for change, release in corrections:
            if change == GROUND:
                rows[0] = (*rows[0][:2], _surveyed(rows[0][2], release))
            elif change == SHORTER and len(rows) > 1:
                rows.pop()
            elif change in (PRICE, SHORTER):
                price = str(int(float(price or 1_000) * 1.05) + 10)
        head = f"{number},{self._days[(luck >> 34) % len(self._days)]},"
        sold = f",{shape.nature},{price},"
        parcels = []
        for step, parcel in enumerate(shape.parcels):
            where = self._commune((home + 1) % size) if parcel.elsewhere else place
            parcels.append(self._parcel((first + step * 7) % PARCELS, parcel, where))
        lines = []
        for disposition, at, tail in rows:
            before, after = parcels[at]
            lines.append(f"{head}{disposition}{sold}{before}{tail}{after}")
        if self._release > 1 and len(lines) > 1:
            turn = (luck + self._release) % len(lines)
            lines = lines[turn:] + lines[:turn]
            if self._release % 2 == 0:
                lines.reverse()
        return lines

    def _commune(self, number: int) -> Commune:
        known = self._communes[number]
        if known is None:
            known = self._communes[number] = commune(self._seed, self._department, number)
        return known

    def _parcel(self, number: int, parcel: Parcel, where: Commune) -> tuple[str, str]:
        """Write adresse_numero to ancien_id_parcelle, and the coordinates. The same parcel is at the same place."""
        plot = SECTIONS[number // len(PLANS)] + PLANS[number % len(PLANS)]
        address = f",,{where.fields[number % STREETS]}"
        if parcel.built:
            suffix = SUFFIXES[number % len(SUFFIXES)] if number % 23 == 0 else ""
            address = f"{1 + number % 199},{suffix},{where.streets[number % STREETS]}"
        place = where.place
        if number % 499 == 3:  # 1 in 500 has no postcode
            place = place[place.index(",") :]
        former = where.former + plot if where.former else ""
        before = f"{address},{place},{where.parcel}{plot},{former},"
        if number % 64 == 5:  # 1 in 64 is on no map
            return before, ",,\n"
        drift = number * 13 * (self._release - 1) % 41  # microdegrees: maps are redrawn between releases
        longitude = where.longitude + number * 7_919 % 60_000 + drift
        latitude = where.latitude + number * 6_007 % 50_000 - drift
        return before, f",{longitude / 1e6:.6f},{latitude / 1e6:.6f}\n"


def _price(luck: int, shape: Shape, level: float) -> str:
    """Price a sale: 2 % are unknown, a few symbolic, a few with cents (written without trailing zeros)."""
    kind = luck >> 54
    if kind < 20:
        return ""
    if kind < 23:
        return "1"
    euros = int(shape.worth * level * (0.75 + (luck >> 44 & 0x3FF) / 2_048))
    if kind < 60:
        return f"{euros}.{1 + kind % 9}" if kind % 2 else f"{euros}.{kind:02}".rstrip("0")
    return str(euros // 500 * 500 if euros > 20_000 else euros // 10 * 10)


def _surveyed(tail: str, release: int) -> str:
    """Correct surface_terrain, the last of the columns."""
    rest, _, ground = tail.rpartition(",")
    return f"{rest},{int(ground or 90) + 10 * release}"


def _working_days(year: int) -> list[str]:
    days = (date(year, 1, 1) + timedelta(days=passed) for passed in range(365))
    return [day.isoformat() for day in days if day.weekday() < 5]
