"""Bodies to records: whatever the chunks, the same records as json.loads; whatever the damage, an error and no loss."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loaders import readers
from loaders.catalogue import Dataset, Field, FieldType, RequestStyle, read_catalogue
from loaders.errors import SourceUnavailable
from loaders.readers import read_json

Record = dict[str, Any]
Reader = tuple[Dataset, str, str]  # and what stands before and after the array's brackets


def dataset(envelope: str | None = None, nested: bool = False) -> Dataset:
    types: dict[str, FieldType] = {"a": "string", "b": "integer", "c": "double", "d": "boolean", "e": "string"}
    if nested:
        types["n"] = "json"
    fields = tuple(Field(name=name, key=name, type=kind, about="") for name, kind in types.items())
    return Dataset(
        name="hostile",
        title="",
        about="",
        route="/hostile",
        request=RequestStyle(window="snapshot"),
        fields=fields,
        grain=("a",),
        envelope=envelope,
        source_name="test",
        path=Path("hostile.yml"),
    )


FLAT: Reader = (dataset(), "", "")
NESTED: Reader = (dataset(nested=True), "", "")
UNDER_A_KEY: Reader = (dataset(envelope="data"), '{"metadata":{"data":[1],"x":"[{"},"data":', ',"count":[{"a":"no"}]}')
READERS = pytest.mark.parametrize("reader", [FLAT, NESTED, UNDER_A_KEY], ids=["flat", "nested", "under-a-key"])

# What a careless splitter trips over, and any text beside it.
HOSTILE = [
    '"',
    "\\",
    "},{",
    '},{"',
    '},{"a":',
    "}]",
    "[{",
    "]",
    "{",
    "}",
    ",",
    ":",
    "\n",
    "\x1e",
    "\x00",
    "é",
    "🔌",
    " ",
]
texts = st.one_of(st.lists(st.sampled_from(HOSTILE), max_size=6).map("".join), st.text(max_size=8))
flat_values: dict[str, st.SearchStrategy[Any]] = {
    "a": texts,
    "b": st.integers(-(2**63), 2**63 - 1),
    "c": st.floats(allow_nan=False, allow_infinity=False),
    "d": st.booleans(),
    "e": texts,
}
flat_records = st.fixed_dictionaries(
    {"a": texts}, optional={key: st.none() | values for key, values in flat_values.items() if key != "a"}
)
trees = st.recursive(
    st.none() | st.booleans() | st.integers() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=6,
)
nested_records = st.fixed_dictionaries({"a": texts}, optional={"n": trees, "e": texts, "b": flat_values["b"]})
styles = st.sampled_from(
    [
        {"separators": (",", ":")},
        {},
        {"indent": 1},
        {"indent": "\t", "separators": (" ,\r\n", " : ")},
        {"separators": (",", ":"), "ensure_ascii": False},
    ]
)


def body(reader: Reader, records: list[Record], style: dict[str, Any]) -> bytes:
    _, before, after = reader
    return (before + json.dumps(records, **style) + after).encode("utf-8", "surrogatepass")


def chunked(text: bytes, sizes: list[int]) -> Iterator[bytes]:
    start, number = 0, 0
    while start < len(text):
        size = sizes[number % len(sizes)]
        yield text[start : start + size]
        start, number = start + size, number + 1


def read(reader: Reader, chunks: Iterator[bytes] | list[bytes]) -> list[Record]:
    """The records as read, without the keys that are null."""
    return rows(read_json(chunks, reader[0]))


def rows(batches: Iterable[pa.RecordBatch]) -> list[Record]:
    found = [row for batch in batches for row in batch.to_pylist()]
    return [{key: value for key, value in row.items() if value is not None} for row in found]


def as_read(record: Record, kept_as_text: bool) -> Record:
    """What reading a record gives: nulls are absent; where the reader keeps text, every value is its JSON text."""
    return {
        as_text(key): as_text(value) if kept_as_text else value for key, value in record.items() if value is not None
    }


def as_text(value: Any) -> str:
    """A value as text; half a character, which is no text, as its escape."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.encode("utf-8", "backslashreplace").decode()


def assert_same(reader: Reader, found: list[Record], records: list[Record]) -> None:
    typed = [as_read(record, kept_as_text=False) for record in records]
    if found != typed:  # a block that pyarrow refuses, or of nested records, is text
        assert found == [as_read(record, kept_as_text=True) for record in records]


@settings(max_examples=150, deadline=None)
@given(
    records=st.lists(flat_records, max_size=8), style=styles, sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5)
)
@READERS
def test_any_chunking_of_flat_records_gives_the_records_of_json_loads(
    reader: Reader, records: list[Record], style: dict[str, Any], sizes: list[int]
) -> None:
    assert_same(reader, read(reader, chunked(body(reader, records, style), sizes)), records)


@settings(max_examples=150, deadline=None)
@given(
    records=st.lists(nested_records, max_size=5),
    style=styles,
    sizes=st.lists(st.integers(1, 40), min_size=1, max_size=5),
)
def test_any_chunking_of_nested_records_gives_the_records_of_json_loads(
    records: list[Record], style: dict[str, Any], sizes: list[int]
) -> None:
    assert_same(NESTED, read(NESTED, chunked(body(NESTED, records, style), sizes)), records)


@READERS
def test_bytes_one_by_one_give_the_same_as_the_whole_body(reader: Reader) -> None:
    records = [{"a": text, "b": number} for number, text in enumerate(HOSTILE)]
    text = body(reader, records, {})
    assert read(reader, [text]) == read(reader, chunked(text, [1]))
    assert_same(reader, read(reader, [text]), records)


@READERS
def test_blocks_cut_a_body_only_between_records(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "BLOCK_BYTES", 64)
    records = [{"a": f"{text}{number}", "b": number} for number in range(50) for text in HOSTILE]
    batches = list(read_json(chunked(body(reader, records, {}), [50]), reader[0]))
    assert len(batches) > 100
    assert_same(reader, rows(batches), records)


@settings(max_examples=60, deadline=None)
@given(records=st.lists(flat_records, max_size=4), style=styles, seed=st.integers(0, 2**32))
@READERS
def test_a_body_cut_at_any_byte_is_unavailable(
    reader: Reader, records: list[Record], style: dict[str, Any], seed: int
) -> None:
    text = body(reader, records, style)
    cuts = random.Random(seed).sample(range(len(text)), min(len(text), 25))
    for cut in cuts:
        with pytest.raises(SourceUnavailable):
            read(reader, [text[:cut]])


@READERS
def test_a_body_cut_at_each_of_its_bytes_is_unavailable(reader: Reader) -> None:
    text = body(reader, [{"a": "}]"}, {"a": '}]},{"', "b": 1}, {"a": "x", "c": 1.5}], {})
    for cut in range(len(text)):
        with pytest.raises(SourceUnavailable):
            read(reader, [text[:cut]])


def of_json(text: bytes) -> list[Record] | None:
    """The records of a bare array as json.loads has them; None if it is not JSON, or not an array of records."""
    try:
        found = json.loads(text.decode(), parse_constant=lambda name: {}[name])
    except (ValueError, KeyError):
        return None
    return found if isinstance(found, list) and all(isinstance(record, dict) for record in found) else None


@settings(max_examples=400, deadline=None)
@given(data=st.data())
@pytest.mark.parametrize("reader", [FLAT, NESTED], ids=["flat", "nested"])
def test_a_body_with_a_wrong_byte_is_read_as_json_loads_would_or_not_at_all(
    reader: Reader, data: st.DataObject
) -> None:
    text = body(reader, data.draw(st.lists(flat_records, min_size=1, max_size=4)), data.draw(styles))
    at = data.draw(st.integers(0, len(text)))
    gone = data.draw(st.integers(0, 3))
    instead = data.draw(
        st.sampled_from([b"", b",", b"{", b"}", b"[", b"]", b'"', b":", b"null", b"1", b" x ", b"\\", b"\xff", b"/"])
    )
    damaged = text[:at] + instead + text[at + gone :]
    try:
        found = read(reader, [damaged])
    except SourceUnavailable:
        return
    expected = of_json(damaged)
    assert expected is not None, f"not JSON, and read as {found}"
    assert_same(reader, found, expected)


@pytest.mark.parametrize(
    "text",
    [
        b'[{"a":"x"} oops {"a":"y"}]',
        b'[{"a":"x"}{"a":"y"}]',
        b'[{"a":"x"},,{"a":"y"}]',
        b'[{"a":"x"},]',
        b'[,{"a":"x"}]',
        b'[{"a":"x"}][{"a":"y"}]',
        b'[{"a":"x"}]]',
        b'[{"a":"x"}}',
        b'[{"a":"x"}] and more',
        b'[{"a":"x"},null,{"a":"y"}]',
        b'[{"a":"x"},"y","z"]',
        b"[null]",
        b"[1,2,3]",
        b'["x"]',
        b'[[{"a":"x"}]]',
        b'[{"a":NaN}]',
        b'[{"a":"\xff"}]',
        b'[{"\xff":"x"}]',
        b'[{"a":"tab\there"}]',
    ],
)
@pytest.mark.parametrize("reader", [FLAT, NESTED], ids=["flat", "nested"])
def test_an_array_that_is_not_one_of_records_is_unavailable(reader: Reader, text: bytes) -> None:
    for sizes in ([len(text)], [1]):
        with pytest.raises(SourceUnavailable):
            read(reader, chunked(text, sizes))


@pytest.mark.parametrize(
    "text",
    [
        b'{"data":[{"a":"x"}]} {"data":[{"a":"y"}]}',
        b'{"data":[{"a":"x"} oops {"a":"y"}]}',
        b'{"data":[{"a":"x"},null]}',
        b'{"data":[{"a":"x"}]}]',
        b'{"data":[{"a":"x"}',
        b'[{"a":"x"}]',
    ],
)
def test_a_body_that_does_not_hold_one_array_under_the_key_is_unavailable(text: bytes) -> None:
    for sizes in ([len(text)], [1]):
        with pytest.raises(SourceUnavailable):
            read(UNDER_A_KEY, chunked(text, sizes))


@pytest.mark.parametrize(
    "text", [b'{"errors":["down"]}', b'{"data":null}', b'{"data":{}}', b'{"x":"data","y":[{"a":"x"}]}']
)
def test_a_body_without_the_key_says_so(text: bytes) -> None:
    with pytest.raises(SourceUnavailable, match='there is no array under the key "data"'):
        read(UNDER_A_KEY, [text])


@READERS
def test_an_empty_body_says_so(reader: Reader) -> None:
    for text in ([], [b""], [b" \r\n"]):
        with pytest.raises(SourceUnavailable, match="the body is empty"):
            read(reader, text)


@READERS
def test_a_web_page_is_shown_for_what_it_is(reader: Reader) -> None:
    with pytest.raises(SourceUnavailable, match="status 200 but the body is a web page: <!DOCTYPE html>"):
        read(reader, [b"<!DOCTYPE html><title>Sorry</title>"])


def test_an_object_in_place_of_an_array_is_shown_for_what_it_is() -> None:
    with pytest.raises(SourceUnavailable, match=r'status 200 but the body is an object: \{"errors":\["down"\]'):
        read(FLAT, [b'{"errors":["down"]}'])


@READERS
def test_an_empty_array_has_no_records(reader: Reader) -> None:
    assert list(read_json([body(reader, [], {})], reader[0])) == []


def test_a_value_of_another_type_spoils_no_other_value() -> None:
    records = [{"a": "x", "b": 1, "c": 0.1}, {"a": "y", "b": "one", "c": 2}]
    assert read(FLAT, [body(FLAT, records, {})]) == [
        {"a": "x", "b": "1", "c": "0.1"},
        {"a": "y", "b": "one", "c": "2"},
    ]


def test_a_key_that_nobody_declared_is_passed_on_whatever_its_value() -> None:
    for value in (1, "x", None, [1], {"y": 1}):
        [batch] = read_json([body(FLAT, [{"a": "x"}, {"a": "y", "new": value}], {})], FLAT[0])
        assert "new" in batch.schema.names


@READERS
def test_half_a_character_is_kept_as_the_escape_that_was_published(reader: Reader) -> None:
    text = body(reader, [], {}).replace(b"[]", b'[{"a":"cut \\ud83d"}]')
    assert read(reader, [text]) == [{"a": "cut \\ud83d"}]


def test_a_key_of_half_a_character_is_passed_on_as_any_undeclared_one() -> None:
    assert read(FLAT, [b'[{"a":"x","\\ud83d":1}]']) == [{"a": "x", "\\ud83d": "1"}]


def test_a_body_without_borders_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(readers, "LARGEST_RECORD_BYTES", 1_000)
    with pytest.raises(SourceUnavailable, match="not an array of flat records"):
        read(FLAT, [b'[{"a":"' + b"x" * 2_000])
    with pytest.raises(SourceUnavailable, match="a record of more than 1,000 bytes"):
        read(NESTED, [b'[{"a":"' + b"x" * 2_000])


# --- bare values ------------------------------------------------------------------------------------------------------

CODES = read_catalogue().source("elexon").dataset("fuel_types")


def test_bare_values_are_records_of_one_key() -> None:
    for cut in range(1, 20):
        body = b'["CCGT", "WIND","\xc3\x89OLE, 1"]'
        batches = list(read_json([body[:cut], body[cut:]], CODES))
        assert [row for batch in batches for row in batch.to_pylist()] == [
            {"value": "CCGT"},
            {"value": "WIND"},
            {"value": "\u00c9OLE, 1"},
        ]
    assert list(read_json([b" [] "], CODES)) == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "the body is empty"),
        (b'["CCGT", "WI', "malformed or cut"),
        (b'{"errors": {}}', "the body is an object"),
        (b'[{"fuelType": "CCGT"}]', "not a bare value but dict"),
    ],
)
def test_what_is_no_array_of_bare_values_is_refused(body: bytes, said: str) -> None:
    with pytest.raises(SourceUnavailable, match=said):
        list(read_json([body], CODES))
