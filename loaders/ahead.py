"""An iterator that works ahead in a thread of its own: inflating, decoding and writing let go of Python's lock."""

from collections import deque
from collections.abc import Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
END = object()


def ahead(items: Iterable[Item], most: int) -> Generator[Item, None, None]:
    """The same items in the same order, at most `most` of them made before they are asked for.

    What `items` raises is raised where the item would have come. Whoever stops early closes this iterator: then
    nothing more is made, and the thread is gone.
    """
    iterator = iter(items)
    thread = ThreadPoolExecutor(1, "ahead")
    try:
        waiting = deque(thread.submit(next, iterator, END) for _ in range(most))
        while (item := waiting.popleft().result()) is not END:
            waiting.append(thread.submit(next, iterator, END))
            yield item  # type: ignore[misc]  # END is out, which the type of `next` cannot say
    finally:
        thread.shutdown(cancel_futures=True)
