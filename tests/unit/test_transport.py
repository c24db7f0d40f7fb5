"""From a request to bytes: what is tried again, how long is waited, and what is refused at once."""

from __future__ import annotations

import gzip
import hashlib
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from loaders.errors import AccessRefused, SourceChanged, SourceUnavailable
from loaders.transport import LONGEST_WAIT_SECONDS, Publisher
from tests.loads import ELEXON
from tests.sandbox import Sandbox
from tests.wire import closed_port, http, sending

ROUTE = "/datasets/FUELHH/stream"
DAY = {"settlementDateFrom": "2024-01-02", "settlementDateTo": "2024-01-02"}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    """The seconds that were asked of time.sleep, which returns at once."""
    asked: list[float] = []
    monkeypatch.setattr(time, "sleep", asked.append)
    yield asked


def ask(url: str, attempts: int = 1, first_wait_seconds: float = 0.0) -> bytes:
    """A body, asked for as often as `attempts` says."""
    publisher = Publisher(url, 1e6, attempts, first_wait_seconds)

    def attempt() -> bytes:
        with publisher.get(ROUTE, DAY) as body:
            return b"".join(body.read())

    return publisher.persistently(attempt)


def test_a_body_is_counted_and_hashed_as_it_passes(publisher: Sandbox) -> None:
    asking = Publisher(publisher.url("elexon"), 1e6)
    with asking.get(ROUTE, DAY) as body:
        text = b"".join(body.read())
    assert len(text) > 100_000
    assert (body.size, body.sha256) == (len(text), hashlib.sha256(text).hexdigest())


def test_a_compressed_body_is_counted_as_it_is_read() -> None:
    text = b'[{"a": 1}]' * 1_000
    with sending(http("200 OK", gzip.compress(text), "Content-Encoding: gzip")) as url:
        assert ask(url) == text


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"])
def test_what_may_pass_is_asked_for_again(status: str) -> None:
    with sending(http(status, b"later"), http(status, b"later"), http("200 OK", b"[]")) as url:
        assert ask(url, attempts=3) == b"[]"


@pytest.mark.parametrize("status", ["429 Too Many Requests", "500 Internal Server Error", "503 Service Unavailable"])
def test_what_does_not_pass_is_unavailable_with_the_reason_that_was_given(status: str) -> None:
    with sending(http(status, b"Overloaded, come back later")) as url:
        with pytest.raises(SourceUnavailable) as error:
            ask(url, attempts=3)
        assert f"{url}{ROUTE}?settlementDateFrom=2024-01-02" in str(error.value)
        assert f"answered {status}: Overloaded, come back later" in str(error.value)


@pytest.mark.parametrize(
    ("status", "advice"),
    [
        ("404 Not Found", "the route moved, or a parameter that it requires is missing"),
        ("400 Bad Request", "the request is not one that it accepts"),
        ("401 Unauthorized", "ask the publisher for the right, or correct the key that you gave"),
        ("403 Forbidden", "ask the publisher for the right, or correct the key that you gave"),
        ("302 Found", "ask the publisher, or correct the declaration"),
        ("206 Partial Content", "ask the publisher, or correct the declaration"),
    ],
)
def test_what_will_not_pass_is_refused_at_once_with_advice(status: str, advice: str) -> None:
    with sending(http(status, b"No.", "Location: http://elsewhere.example/"), http("200 OK", b"[]")) as url:
        with pytest.raises((SourceChanged, AccessRefused)) as error:
            ask(url, attempts=3)
        assert f"answered {status}" in str(error.value)
        assert advice in str(error.value)


def test_a_long_refusal_is_cut() -> None:
    with sending(http("503 Service Unavailable", b"x" * 100_000)) as url, pytest.raises(SourceUnavailable) as error:
        ask(url)
    assert len(str(error.value)) < 1_000


@pytest.mark.parametrize("status", ["503 Service Unavailable", "404 Not Found"])
def test_a_refusal_whose_own_body_breaks_off_is_still_a_refusal(status: str) -> None:
    with sending(http(status, b"cut", length=400)) as url, pytest.raises((SourceUnavailable, SourceChanged)) as error:
        ask(url)
    assert status in str(error.value)


def test_a_body_shorter_than_promised_is_unavailable() -> None:
    cut = sending(http("200 OK", b"[{}", length=400))
    with cut as url, pytest.raises(SourceUnavailable, match=r"the body broke off .* 397 more expected"):
        ask(url)


def test_a_chunked_body_without_its_end_is_unavailable() -> None:
    cut = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[{\r\n"
    with sending(cut) as url, pytest.raises(SourceUnavailable, match="the body broke off"):
        ask(url)


def test_a_body_that_is_not_the_gzip_that_it_says_is_unavailable() -> None:
    plain = sending(http("200 OK", b"[{}]", "Content-Encoding: gzip"))
    with plain as url, pytest.raises(SourceUnavailable, match="the body broke off"):
        ask(url)


def test_an_answer_that_is_not_http_is_unavailable() -> None:
    with sending(b"220 mail.example ESMTP\r\n") as url, pytest.raises(SourceUnavailable, match="no answer from"):
        ask(url)


def test_an_answer_that_never_begins_is_unavailable() -> None:
    with sending(b"") as url, pytest.raises(SourceUnavailable, match="no answer from"):
        ask(url)


def test_a_closed_port_is_unavailable() -> None:
    url = f"http://127.0.0.1:{closed_port()}"
    with pytest.raises(SourceUnavailable, match=f"no answer from {url}{ROUTE}: .*[Rr]efused"):
        ask(url)


def test_a_host_without_a_name_is_unavailable() -> None:
    with pytest.raises(SourceUnavailable, match=r"no answer from http://nowhere\.invalid"):
        ask("http://nowhere.invalid")


@pytest.mark.parametrize(("header", "seconds"), [("7", 7.0), ("0", 0.0), ("86400", LONGEST_WAIT_SECONDS)])
def test_retry_after_is_waited_for_as_long_as_it_says_and_never_longer_than_a_minute(
    waits: list[float], header: str, seconds: float
) -> None:
    refusal = http("429 Too Many Requests", b"", f"Retry-After: {header}")
    with sending(refusal, http("200 OK", b"[]")) as url:
        assert ask(url, attempts=2, first_wait_seconds=3.0) == b"[]"
    assert waits == [seconds]


def test_retry_after_may_be_a_date(waits: list[float]) -> None:
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=40), usegmt=True)
    with sending(http("503 Service Unavailable", b"", f"Retry-After: {at}"), http("200 OK", b"[]")) as url:
        ask(url, attempts=2, first_wait_seconds=3.0)
    [seconds] = waits
    assert 3.0 < seconds <= 40.0


def test_a_date_that_has_passed_is_not_waited_for(waits: list[float]) -> None:
    refusal = http("503 Service Unavailable", b"", "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT")
    with sending(refusal, http("200 OK", b"[]")) as url:
        ask(url, attempts=2, first_wait_seconds=3.0)
    assert waits == [0.0]


@pytest.mark.parametrize("header", ["soon", "", "-5", "1e3"])
def test_a_retry_after_that_says_nothing_is_passed_over(waits: list[float], header: str) -> None:
    with sending(http("429 Too Many Requests", b"", f"Retry-After: {header}"), http("200 OK", b"[]")) as url:
        ask(url, attempts=2, first_wait_seconds=3.0)
    assert waits == [3.0]


def test_the_wait_doubles_up_to_a_minute(waits: list[float]) -> None:
    with sending(http("500 Internal Server Error")) as url, pytest.raises(SourceUnavailable):
        ask(url, attempts=9, first_wait_seconds=1.0)
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_requests_keep_the_pace(waits: list[float]) -> None:
    with sending(http("200 OK", b"[]")) as url:
        publisher = Publisher(url, requests_per_second=0.01)
        for _ in range(3):
            with publisher.get(ROUTE, DAY) as body:
                list(body.read())
    assert [round(seconds / 100) for seconds in waits] == [1, 2]


def test_the_declared_address_and_pace_hold_unless_the_environment_says_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("MILLRACE_REQUESTS_PER_SECOND", "MILLRACE_RETRY_SECONDS"):
        monkeypatch.delenv(name)
    declared = Publisher.of(ELEXON)
    assert (declared.url, declared.requests_per_second, declared.attempts) == (ELEXON.url, 2, 5)
    monkeypatch.setenv("MILLRACE_REQUESTS_PER_SECOND", "0.5")
    monkeypatch.setenv("MILLRACE_ATTEMPTS", "2")
    monkeypatch.setenv("MILLRACE_RETRY_SECONDS", "9")
    changed = Publisher.of(ELEXON, "http://127.0.0.1:1/api/")
    assert (changed.url, changed.requests_per_second, changed.attempts, changed.first_wait_seconds) == (
        "http://127.0.0.1:1/api",
        0.5,
        2,
        9.0,
    )
