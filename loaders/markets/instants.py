"""A batch's labels as columns: start, end, market day and the label itself. Distinct labels are read once."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from loaders.errors import SourceChanged
from loaders.markets.clocks import BadLabel, Label, Reading, read_stamp
from loaders.markets.evidence import Line
from loaders.markets.layout import Headers, Layout, headers

INSTANT = pa.timestamp("us", tz="UTC")
SEPARATOR = "\x1f"  # between the parts of a label: it stands in no published text
Columns = dict[str, pa.Array]


@dataclass
class Instants:
    """The clock of one file, and what it remembers of labels that came before."""

    layout: Layout
    name: str
    date: str | None  # the file's own, where rows have none
    _seen: set[tuple[str, ...]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._reading = Reading(self.layout.clock, ZoneInfo(self.layout.zone))

    def columns(self, batch: pa.RecordBatch, found: Columns, line: Line) -> Columns:
        """Of a batch under its headers. `found` are its columns under the dataset's keys.

        Raises `SourceChanged` with the line of a label that the market's clock does not allow.
        """
        parts, codes = self._labels(batch)
        texts = [text.split(SEPARATOR) for text in codes.dictionary.to_pylist()]
        for place, found_parts in enumerate(texts):
            if len(found_parts) != len(parts):
                raise SourceChanged(f"{self.name}, line {line(_first(codes, place))}: a control character in a label")
        labels = [Label(**dict(zip(parts, text, strict=True))) for text in texts]
        if self.date is not None and "date" not in parts:
            labels = [Label(**(vars(label) | {"date": self.date})) for label in labels]
        second = self._second_times(labels, codes, found)
        try:
            first = [self._reading.interval(label) for label in labels]
            later = [self._reading.interval(label, True) for label in labels] if second is not None else []
        except BadLabel as error:
            raise SourceChanged(f"{self.name}, line {line(self._row_of(labels, codes))}: {error}") from error
        places = codes.indices
        if second is not None:
            places = pc.if_else(second, pc.add(places, pa.scalar(len(labels), places.type)), places)
        intervals = first + later
        kept = [label.text for label in labels]
        return {
            "interval_start_at": pa.array([one.start_at for one in intervals], INSTANT).take(places),
            "interval_end_at": pa.array([one.end_at for one in intervals], INSTANT).take(places),
            "delivery_date": pa.array([one.delivery_date for one in intervals], pa.date32()).take(places),
            "hour_label": self._kept(batch) or pa.array(kept + (kept if later else []), pa.string()).take(places),
            "interval_minutes": pa.repeat(pa.scalar(self.layout.clock.minutes, pa.int64()), batch.num_rows),
        }

    def stamps(self, values: pa.Array, form: str, line: Line) -> pa.Array:
        """A column of instants in UTC. Raises `SourceChanged`."""
        codes = values.dictionary_encode()
        try:
            instants = [None if text is None else read_stamp(text, form) for text in codes.dictionary.to_pylist()]
        except BadLabel as error:
            raise SourceChanged(f"{self.name}, near line {line(0)}: {error}") from error
        return pa.array(instants, pa.timestamp("us")).cast(INSTANT).take(codes.indices)

    def _labels(self, batch: pa.RecordBatch) -> tuple[list[str], pa.DictionaryArray]:
        clock = self.layout.clock
        asked = {
            "at": clock.at,
            "date": clock.date,
            "hour": clock.hour,
            "interval": clock.interval,
            "flag": clock.flag,
            "abbreviation": clock.abbreviation,
        }
        parts = {part: column for part, names in asked.items() if (column := _column(batch, names)) is not None}
        if len(parts) == 1 and not (alone := next(iter(parts.values()))).null_count:
            return list(parts), alone.dictionary_encode()
        texts = [pc.coalesce(column, pa.scalar("")) for column in parts.values()]
        joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, SEPARATOR)
        return list(parts), joined.dictionary_encode()

    def _second_times(self, labels: list[Label], codes: pa.DictionaryArray, found: Columns) -> pa.Array | None:
        """Which rows repeat a label that the clocks repeat, for publishers that tell it by the order of rows only."""
        if not self.layout.clock.order:
            return None
        try:
            twice = {place for place, label in enumerate(labels) if self._reading.is_ambiguous(label)}
        except BadLabel:
            return None  # and the label is refused with its line
        if not twice:
            return None
        identities = zip(*(found[key].to_pylist() for key in self.layout.clock.order), strict=True)
        second = []
        for place, identity in zip(codes.indices.to_pylist(), identities, strict=True):
            key = (labels[place].text, *map(str, identity))
            second.append(place in twice and key in self._seen)
            if place in twice:
                self._seen.add(key)
        return pa.array(second, pa.bool_())

    def _row_of(self, labels: list[Label], codes: pa.DictionaryArray) -> int:
        """The first row whose label cannot be read."""
        for place, label in enumerate(labels):
            try:
                self._reading.interval(label)
            except BadLabel:
                return _first(codes, place)
        return 0

    def _kept(self, batch: pa.RecordBatch) -> pa.Array | None:
        """The publisher's own label beside a stamp in UTC."""
        clock = self.layout.clock
        if clock.label is None:
            return None
        wanted = clock.label if isinstance(clock.label, tuple) else (clock.label,)
        columns = [column for one in wanted if (column := _column(batch, one)) is not None]
        if not columns:
            return None
        if len(columns) == 1:
            return columns[0]
        texts = (column.cast(pa.string()) for column in columns)
        return pc.binary_join_element_wise(*texts, " ", null_handling="skip")


def _first(codes: pa.DictionaryArray, place: int) -> int:
    """The first row that has the value at that place of the dictionary."""
    return int(pc.index(codes.indices, pa.scalar(place, codes.indices.type)).as_py())


def _column(batch: pa.RecordBatch, names: Headers | None) -> pa.Array | None:
    place = next((at for one in headers(names) if (at := batch.schema.get_field_index(one)) >= 0), -1)
    return batch.column(place) if place >= 0 else None
