"""An hourly report, as Koku's parquet or as the operator's CSV, as the same typed batches.

What the CSV means is what Koku's own steps make of it: blank numbers are 0, blank texts stay blank (`null` and `nan`
are names), and `label_app:web|label_env:prod` is a JSON object. What is no number, or one that no machine can have
counted, sets its row aside; nothing becomes 0 in silence.
"""

import json
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pv
import pyarrow.parquet as pq

from loaders.catalogue import Dataset, Field
from loaders.delimited import BLOCK_BYTES, as_file, unpacked
from loaders.errors import DeclarationError, SourceChanged, SourceUnavailable
from loaders.parts import LARGEST_BATCH_ROWS
from loaders.shape import SET_ASIDE

PARQUET = b"PAR1"
_SPACE = r"[ \t\n\r]*"
_TEXT = rf'{_SPACE}"([^"\\\x00-\x1f]|\\(["\\/bfnrt]|u[0-9a-fA-F]{{4}}))*"{_SPACE}'
_PAIR = rf"{_TEXT}:{_TEXT}"
LABELS = rf"^{_SPACE}\{{({_PAIR}(,{_PAIR})*|{_SPACE})\}}{_SPACE}$"  # a JSON object of texts
LARGEST_NUMBER = 1e18  # core- or byte-seconds of an hour: a node of 250 TiB reaches it, a broken counter exceeds it
NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
TIME = "%Y-%m-%d %H:%M:%S"
UTC_SUFFIX = r"( \+0000 UTC|Z)?$"  # of the operator's CSV


def read(file: IO[bytes], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of a report's declared columns, typed as declared; rows to reject come as batches that say why.

    Raises `SourceChanged` for columns that are missing or not declared and for labels that are none, and
    `SourceUnavailable` for a file or a row group that cannot be read.
    """
    yield from typed(raw_batches(file, dataset, name), dataset, name)


def typed(batches: Iterator[pa.RecordBatch], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """The batches with the declared types, in good ones and ones that are set aside."""
    labels = Labels(name)
    for batch in batches:
        columns: dict[str, pa.Array] = {}
        reasons: list[tuple[str, pa.Array]] = []
        for field in (field for field in dataset.published if field.key in batch.schema.names):
            try:
                values, good, wanted = _column(batch.column(field.key), field, labels)
            except pa.ArrowNotImplementedError as error:
                kind = batch.schema.field(field.key).type
                raise SourceChanged(
                    f"{name}: {field.key} is of the type {kind}, of which no {field.type} can be made"
                ) from error
            columns[field.key] = values
            if not pc.all(good, min_count=0).as_py():
                reasons.append((f"{field.key}: not {wanted}", good))
        yield from _split(batch, pa.RecordBatch.from_pydict(columns), reasons)


def raw_batches(file: IO[bytes], dataset: Dataset, name: str) -> Iterator[pa.RecordBatch]:
    """Batches of the declared columns as they stand in the file: typed in parquet, all text in CSV.

    Raises `SourceChanged` and `SourceUnavailable`.
    """
    return _batches(file, name, batch_rows(dataset), lambda names: wanted_columns(names, dataset, name))


def all_columns(file: IO[bytes], name: str) -> Iterator[pa.RecordBatch]:
    """Batches of every column as it stands in the file. Raises `SourceUnavailable`."""
    return _batches(file, name, LARGEST_BATCH_ROWS, lambda names: names)


Choice = Callable[[list[str]], list[str]]


def _batches(file: IO[bytes], name: str, rows: int, choose: Choice) -> Iterator[pa.RecordBatch]:
    is_parquet = file.read(len(PARQUET)) == PARQUET
    file.seek(0)
    return _read_parquet(file, name, rows, choose) if is_parquet else _read_csv(file, name, choose)


def _read_parquet(file: IO[bytes], name: str, rows: int, choose: Choice) -> Iterator[pa.RecordBatch]:
    try:
        schema = pq.read_schema(file)
        # Names and labels repeat on every row: their dictionary is looked at instead.
        texts = [field.name for field in schema if pa.types.is_string(field.type)]
        opened = pq.ParquetFile(file, pre_buffer=False, read_dictionary=texts)
    except (pa.ArrowException, OSError) as error:
        raise SourceUnavailable(f"{name} is not parquet that can be read ({error}); copy the file again") from error
    wanted = choose(opened.schema_arrow.names)
    for number in range(opened.num_row_groups):
        try:
            for batch in opened.iter_batches(rows, row_groups=[number], columns=wanted, use_threads=False):
                batch.validate(full=True)  # pages need no checksum, so damaged text is seen here or nowhere
                yield batch
        except (pa.ArrowException, OSError) as error:
            raise SourceUnavailable(
                f"{name}: row group {number + 1} of {opened.num_row_groups} cannot be read ({error}); copy the file "
                "again. Nothing of its day was loaded"
            ) from error


def _read_csv(file: IO[bytes], name: str, choose: Choice) -> Iterator[pa.RecordBatch]:
    """Batches of text, blank where it is blank: nothing stands for null."""
    text = as_file(unpacked(iter(partial(file.read, BLOCK_BYTES), b"")))
    names = text.readline().decode("utf-8-sig", "replace").rstrip("\r\n").split(",")
    try:
        yield from pv.open_csv(
            text,
            read_options=pv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=names),
            convert_options=pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), include_columns=choose(names), strings_can_be_null=False
            ),
        )
    except pa.ArrowInvalid as error:
        if "Empty CSV file" not in str(error):
            raise SourceUnavailable(f"{name} is cut or malformed: {error}") from error


def wanted_columns(names: list[str], dataset: Dataset, name: str) -> list[str]:
    """The declared columns among a file's. Raises `SourceChanged` if one is missing or one is not declared."""
    declared = {field.key: field.name for field in dataset.published}
    missing = [key for key in declared if key not in names and declared[key] not in dataset.may_lack]
    unknown = [key for key in names if key not in declared and key not in dataset.ignored]
    if missing or unknown:
        said = [f"has no column {', '.join(missing)}"] if missing else []
        said += [f"has {', '.join(unknown)}, which nobody declared"] if unknown else []
        raise SourceChanged(
            f"{name} {' and '.join(said)}. If a column has a new name, correct its `key` in fields.yml; if it is new, "
            f"list it under `fields` or `ignored` in {dataset.path.name}"
        )
    return [key for key in declared if key in names]


def batch_rows(dataset: Dataset) -> int:
    """Rows that are read at once. Raises `DeclarationError` for a setting that is no such number."""
    said = dataset.setting("batch_rows")
    if not said.isdecimal() or not 1 <= int(said) <= LARGEST_BATCH_ROWS:
        raise DeclarationError(f"batch_rows is {said!r}; write a number from 1 to {LARGEST_BATCH_ROWS:,}")
    return int(said)


class Labels:
    """Label texts as JSON, each parsed once per file."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parsed = cache(self._parse)

    def column(self, values: pa.Array) -> pa.Array:
        coded = values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
        texts = pa.array([self._parsed(text) for text in coded.dictionary.to_pylist()], pa.string())
        if coded.null_count:
            return pc.fill_null(texts.take(coded.indices), "{}").dictionary_encode()
        return pa.DictionaryArray.from_arrays(coded.indices, texts)

    def check(self, texts: pa.Array) -> bool:
        """True if all are JSON as it is kept, False if one is the operator's. Raises `SourceChanged` for others."""
        odd = texts.filter(pc.invert(pc.match_substring_regex(texts, LABELS)))  # parsing them takes ten times as long
        return all(self._parse(text) == text for text in odd.to_pylist())

    def _parse(self, text: str | None) -> str:
        if not text:
            return "{}"
        if not text.startswith("{"):
            return json.dumps(dict(_operator_labels(text)))
        try:
            labels = json.loads(text)
        except ValueError:
            labels = None
        if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
            raise SourceChanged(
                f"{self._name}: {text[:200]!r} is no JSON object of labels. Nothing of its day was loaded"
            )
        return text


def _operator_labels(text: str) -> Iterator[tuple[str, str]]:
    """Keys and values of `label_app:web|label_env:prod`. A part without exactly one colon is none."""
    for part in text.split("|"):
        if part.count(":") == 1:
            key, value = part.split(":")
            yield key.replace("label_", ""), value


def _column(values: pa.Array, field: Field, labels: Labels) -> tuple[pa.Array, pa.Array, str]:
    """The values as declared, which of them are good, and what they had to be."""
    if field.type == "json":
        return labels.column(values), pa.array([True]), "labels"
    if field.type == "double":
        numbers = _numbers(values)
        good = pc.and_(pc.is_finite(numbers), pc.less_equal(numbers, LARGEST_NUMBER))
        return numbers, pc.fill_null(good, False), f"a number up to {LARGEST_NUMBER:.0e}"
    if field.type == "timestamp":
        times = _times(values)
        return times, pc.is_valid(times), "a time in UTC"
    return _texts(values), pa.array([True]), "text"


def _texts(values: pa.Array) -> pa.Array:
    """Texts by a dictionary; a missing one is blank."""
    if values.null_count:
        values = pc.fill_null(values.cast(pa.string()), "")
    return values if pa.types.is_dictionary(values.type) else values.dictionary_encode()


def _numbers(values: pa.Array) -> pa.Array:
    """Doubles; blank is 0, and what is no number is null."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(pa.string())
    if not pa.types.is_string(values.type):
        return pc.fill_null(values.cast(pa.float64()), 0.0)
    filled = pc.if_else(pc.equal(values, ""), "0", values)
    return pc.if_else(pc.match_substring_regex(filled, NUMBER), filled, None).cast(pa.float64())


def _times(values: pa.Array) -> pa.Array:
    """Instants; what is no time is null."""
    kind = pa.timestamp("us", tz="UTC")
    if pa.types.is_timestamp(values.type):
        return values.cast(kind)
    texts = pc.replace_substring_regex(values.cast(pa.string()), UTC_SUFFIX, "")
    return pc.strptime(texts, TIME, "us", error_is_null=True).cast(kind)


def _split(raw: pa.RecordBatch, batch: pa.RecordBatch, reasons: list[tuple[str, pa.Array]]) -> Iterator[pa.RecordBatch]:
    """The good rows, and for each reason those that fall to it first, as they stand in the file."""
    if not reasons:
        yield batch
        return
    left = pa.array([True] * batch.num_rows)
    for reason, good in reasons:
        bad = raw.filter(pc.and_(left, pc.invert(good)))
        left = pc.and_(left, good)
        if bad.num_rows:
            yield bad.replace_schema_metadata({SET_ASIDE: reason})
    yield batch.filter(left)
