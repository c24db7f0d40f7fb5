"""Working ahead: the same items, never too many at once, and nothing left behind."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from loaders.ahead import ahead

MOST = 3


def test_items_come_in_order_and_only_so_many_are_made_before_they_are_asked_for() -> None:
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(20):
            made.append(number)
            yield number

    for taken, item in enumerate(ahead(items(), MOST)):
        assert item == taken
        assert len(made) <= taken + 1 + MOST
    assert made == list(range(20))


def test_what_the_items_raise_comes_after_the_items_before_it() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise ValueError("spoilt")

    taken = ahead(items(), MOST)
    assert next(taken) == 1
    with pytest.raises(ValueError, match="spoilt"):
        next(taken)
    assert not _threads()


def test_who_stops_early_leaves_no_thread() -> None:
    with closing(ahead(iter(range(100)), MOST)) as taken:
        assert next(taken) == 0
        assert _threads()
    assert not _threads()


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("ahead")]
