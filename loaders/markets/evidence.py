"""What a market's file says of itself, and whether it holds: a file that contradicts itself is not loaded at all.

Memory grows with one file's instants and locations, where components are rows with its rows; never with the files.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from loaders.errors import SourceChanged
from loaders.markets.layout import Layout

COMPONENTS = ("energy", "congestion", "loss", "ghg")
# Of a component's row in lmp - (energy + congestion + loss + ghg).
SIGNS = {"lmp": 1.0, "energy": -1.0, "congestion": -1.0, "loss": -1.0, "ghg": -1.0}
NAMES = {"mce": "energy", "mcc": "congestion", "mcl": "loss", "mlc": "loss", "mghg": "ghg"}
Line = Callable[[int], int]


@dataclass
class Witness:
    """Takes one file's batches, under the dataset's keys, and says at the end what does not hold."""

    layout: Layout
    name: str
    preamble: tuple[str, ...] = ()
    _per_instant: Counter[datetime] = field(default_factory=Counter)
    _per_location: Counter[str] = field(default_factory=Counter)
    _days: set[date] = field(default_factory=set)
    _energies: dict[datetime, tuple[float, float]] = field(default_factory=dict)
    _signed: list[pa.RecordBatch] = field(default_factory=list)

    def add(self, batch: pa.RecordBatch, line: Line) -> None:
        """Look at a batch. `line` gives the line of one of its rows. Raises `SourceChanged`."""
        evidence = self.layout.evidence
        if self._is_whole:
            self._count(batch)
        if evidence.identity is not None or evidence.one_energy is not None:
            if "component" in batch.schema.names:
                self._keep_signed(batch)
            else:
                self._check_prices(batch, line)

    def finish(self) -> None:
        """Raise `SourceChanged` unless the whole file agrees with itself."""
        if self._signed:
            self._check_signed()
        spread = self.layout.evidence.one_energy
        if spread is not None:
            for at, (low, high) in self._energies.items():
                if high - low > spread:
                    raise SourceChanged(
                        f"{self.name}: energy is one price for all locations, but at {at:%Y-%m-%d %H:%M} UTC it "
                        f"runs from {low:.2f} to {high:.2f}; a sign, a component or a row is wrong"
                    )
        if self._is_whole:
            self._check_whole_days()

    @property
    def _is_whole(self) -> bool:
        """Whether the file says that it holds whole days."""
        evidence = self.layout.evidence
        said = not evidence.whole_when or any(re.search(evidence.whole_when, line) for line in self.preamble)
        return evidence.whole == "days" and said

    def _count(self, batch: pa.RecordBatch) -> None:
        for at, rows in _counts(batch.column("interval_start_at")):
            self._per_instant[at] += rows
        place = batch.column("location_id") if "location_id" in batch.schema.names else None
        if place is None:
            self._per_location["the market"] += batch.num_rows
        else:
            for location, rows in _counts(place):
                self._per_location[location] += rows
        self._days.update(pc.unique(batch.column("delivery_date")).to_pylist())

    def _check_whole_days(self) -> None:
        minutes, zone = timedelta(minutes=self.layout.clock.minutes), ZoneInfo(self.layout.zone)
        for day in sorted(self._days):
            at, end_at = (_midnight(one, zone) for one in (day, day + timedelta(days=1)))
            wanted = [at + minutes * number for number in range((end_at - at) // minutes)]
            if missing := [at for at in wanted if at not in self._per_instant]:
                raise SourceChanged(
                    f"{self.name}: {day} has {len(wanted) - len(missing)} of its {len(wanted)} intervals; the first "
                    f"that is missing begins at {missing[0]:%Y-%m-%d %H:%M} UTC. The file is cut; get it again"
                )
        if not self._days:
            return  # a file without rows is refused by whoever reads it
        for counts, what in ((self._per_instant, "instant"), (self._per_location, "location")):
            usual = Counter(counts.values()).most_common(1)[0][0]
            for one, rows in counts.items():
                if rows != usual:
                    shown = f"{one:%Y-%m-%d %H:%M} UTC" if isinstance(one, datetime) else repr(one)
                    raise SourceChanged(
                        f"{self.name}: the {what} {shown} has {rows:,} rows and the others have {usual:,}: rows are "
                        f"missing or repeated; get the file again"
                    )

    def _check_prices(self, batch: pa.RecordBatch, line: Line) -> None:
        there = [name for name in COMPONENTS if name in batch.schema.names]
        values = {name: batch.column(name) for name in ("lmp", *there)}
        if any(not pa.types.is_floating(value.type) for value in values.values()):
            return  # a value is no number: the row goes to quarantine, and with it what it would prove
        tolerance = self.layout.evidence.identity
        if tolerance is not None:
            total = values["lmp"]
            for name in there:
                total = pc.subtract(total, pc.coalesce(values[name], pa.scalar(0.0)) if name == "ghg" else values[name])
            wrong = pc.greater(pc.abs(total), tolerance)
            if pc.any(wrong).as_py():
                row = pc.index(wrong, True).as_py()
                shown = ", ".join(f"{name} {value[row].as_py()}" for name, value in values.items())
                raise SourceChanged(
                    f"{self.name}, line {line(row)}: lmp is not the sum of its components within "
                    f"{tolerance:g} USD/MWh: {shown}"
                )
        if self.layout.evidence.one_energy is not None:
            energy = pc.subtract(pc.subtract(values["lmp"], values["congestion"]), values["loss"])
            self._spread(pa.table({"at": batch.column("interval_start_at"), "energy": energy}))

    def _spread(self, table: pa.Table) -> None:
        groups = table.group_by("at").aggregate([("energy", "min"), ("energy", "max")]).to_pylist()
        for group in groups:
            low, high = group["energy_min"], group["energy_max"]
            if low is not None:
                before = self._energies.get(group["at"], (low, high))
                self._energies[group["at"]] = min(low, before[0]), max(high, before[1])

    def _keep_signed(self, batch: pa.RecordBatch) -> None:
        value = batch.column("price")
        if not pa.types.is_floating(value.type):
            return
        component = pc.utf8_lower(batch.column("component").cast(pa.string()))
        uniques = {name: SIGNS.get(NAMES.get(name, name), 0.0) for name in pc.unique(component).to_pylist() if name}
        names, signs = pa.array(list(uniques), pa.string()), pa.array(uniques.values(), pa.float64())
        sign = signs.take(pc.index_in(component, names))
        columns = {
            "at": batch.column("interval_start_at"),
            "location": batch.column("location_id").dictionary_encode(),
            "signed": pc.multiply(sign, value),
            "is_lmp": pc.equal(component, "lmp"),
            "one": pa.repeat(pa.scalar(1, pa.int8()), batch.num_rows),
        }
        self._signed.append(pa.RecordBatch.from_pydict(columns))

    def _check_signed(self) -> None:
        """The identity where a location has all of its components; energy where it has lmp and two."""
        table = pa.Table.from_batches(self._signed).unify_dictionaries()
        self._signed = []
        sums = table.group_by(["at", "location"]).aggregate([("signed", "sum"), ("is_lmp", "any"), ("one", "sum")])
        whole = sums.filter(sums["is_lmp_any"])
        tolerance = self.layout.evidence.identity
        least = self.layout.evidence.rows_of_a_price
        if tolerance is not None:
            wrong = whole.filter(
                pc.and_(pc.greater(pc.abs(whole["signed_sum"]), tolerance), pc.greater_equal(whole["one_sum"], least))
            ).slice(0, 1)
            for row in wrong.to_pylist():
                raise SourceChanged(
                    f"{self.name}: lmp of {row['location']!r} at {row['at']:%Y-%m-%d %H:%M} UTC is not the sum of its "
                    f"components within {tolerance:g} USD/MWh but {row['signed_sum']:+.5f} off"
                )
        if self.layout.evidence.one_energy is not None:
            complete = whole.filter(pc.equal(whole["one_sum"], 3))
            self._spread(pa.table({"at": complete["at"], "energy": complete["signed_sum"]}))


def _counts(values: pa.Array) -> Iterator[tuple[Any, int]]:
    counted = pc.value_counts(values)
    distinct = counted.field("values")
    if pa.types.is_dictionary(distinct.type):
        distinct = distinct.dictionary_decode()  # which Python reads ten times as fast
    return zip(distinct.to_pylist(), counted.field("counts").to_pylist(), strict=True)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), tzinfo=zone).astimezone(UTC)
