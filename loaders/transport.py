"""From a request, or a file, to a stream of bytes: pace, time limits, status codes, and what is worth another try."""

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import requests
import tenacity
from urllib3.exceptions import HTTPError

from loaders.body import Body
from loaders.catalogue import Source
from loaders.errors import AccessRefused, DeclarationError, NotThere, SourceChanged, SourceUnavailable, innermost

CHUNK_BYTES = 1 << 18  # 256 KiB: larger pieces were no faster
CONNECT_SECONDS, READ_SECONDS = 10, 60  # a day of physical data takes the publisher up to half a minute to begin
LONGEST_WAIT_SECONDS = 60  # after that many seconds a limit is over, or it is not a limit
UNPACED = 10_000.0  # requests per second: a server of our own
SHOWN_BODY_BYTES = 500  # of a refusal: enough for its reason, too little to fill a log

Result = TypeVar("Result")


def _setting(name: str, otherwise: float, least: float) -> float:
    """A number of the environment. Raises `DeclarationError` for what is none, and for one that is too small."""
    given = os.environ.get(name) or otherwise
    try:
        number = float(given)
    except ValueError:
        number = math.nan
    if not least <= number < math.inf:
        raise DeclarationError(f"{name}: {given!r} is no number from {least:g} on; write {otherwise:g}, for example")
    return number


@dataclass
class Publisher:
    """A source's server: where it is, how fast it may be asked, and how often again after a failure."""

    url: str
    requests_per_second: float
    attempts: int = 5
    first_wait_seconds: float = 1.0  # doubled on each attempt: 1 + 2 + 4 + 8 s outlasts a restart, not an outage
    is_sample: bool = False  # what it publishes is generated, on this machine
    headers: dict[str, str] = field(default_factory=dict, repr=False)  # of every request; a user's key is among them
    _session: requests.Session = field(default_factory=requests.Session)
    _next_at: float = 0.0

    @classmethod
    def of(cls, source: Source, url: str | None = None, is_sample: bool = False) -> "Publisher":
        """The source's own server, or the one at `url`, with the settings of the environment over the declared ones.

        MILLRACE_REQUESTS_PER_SECOND, MILLRACE_ATTEMPTS and MILLRACE_RETRY_SECONDS are read here.
        """
        pace = UNPACED if is_sample else source.requests_per_second
        return cls(
            url=(url or source.url).rstrip("/"),
            requests_per_second=_setting("MILLRACE_REQUESTS_PER_SECOND", pace, 0.001),
            attempts=int(_setting("MILLRACE_ATTEMPTS", cls.attempts, 1)),
            first_wait_seconds=_setting("MILLRACE_RETRY_SECONDS", cls.first_wait_seconds, 0),
            is_sample=is_sample,
        )

    @contextmanager
    def get(self, route: str, params: dict[str, str]) -> Iterator[Body]:
        """Ask once and hand over the body while it arrives.

        Raises `SourceUnavailable` for what may pass (no answer, 429, 5xx) and `SourceChanged` for what will not (4xx):
        `NotThere` if it is a 404. `AccessRefused` for a user whom the publisher does not know, or does not let in.
        """
        url = self.url + route
        if url.startswith("file:"):
            with _file(url) as body:
                yield body
            return
        self._keep_pace()
        try:
            response = self._session.get(
                url,
                params=params,
                headers=self.headers,
                stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS),
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise SourceUnavailable(f"no answer from {url}: {innermost(error)}") from error
        with response:
            _check_status(response)
            yield Body(response.url, _arriving(response), _release(response))

    def visit(self, route: str) -> None:
        """See a page for the cookies that it gives. Raises as `get`."""
        with self.get(route, {}) as body:
            for _ in body.read():
                pass

    def persistently(self, attempt: Callable[[], Result]) -> Result:
        """`attempt` until it no longer raises `SourceUnavailable`, waiting in between; the last error is raised."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(SourceUnavailable),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=self._wait,
            reraise=True,
        )
        return retrying(attempt)

    def _wait(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, SourceUnavailable) and error.seconds is not None:
            return min(error.seconds, LONGEST_WAIT_SECONDS)
        return float(min(self.first_wait_seconds * 2 ** (state.attempt_number - 1), LONGEST_WAIT_SECONDS))

    def _keep_pace(self) -> None:
        now = time.monotonic()
        if now < self._next_at:
            time.sleep(self._next_at - now)
        self._next_at = max(now, self._next_at) + 1 / self.requests_per_second


@contextmanager
def _file(url: str) -> Iterator[Body]:
    """A file on this machine. Raises `SourceUnavailable` if it is not there."""
    path = Path(unquote(urlsplit(url).path))
    try:
        with path.open("rb") as file:
            changed = datetime.fromtimestamp(path.stat().st_mtime, UTC)
            yield Body(url, iter(partial(file.read, CHUNK_BYTES), b""), changed.date().isoformat())
    except FileNotFoundError as error:
        raise SourceUnavailable(f"no file {path}") from error


def _arriving(response: requests.Response) -> Iterator[bytes]:
    """The body's pieces. Raises `OSError` when it breaks off, which is what every error of requests is."""
    try:
        yield from response.iter_content(CHUNK_BYTES)
    except HTTPError as error:
        raise OSError(str(error)) from error


def _release(response: requests.Response) -> str:
    header = response.headers.get("Last-Modified")
    try:
        return parsedate_to_datetime(header).date().isoformat() if header else ""
    except ValueError:
        return ""


def _check_status(response: requests.Response) -> None:
    status = response.status_code
    if status == 200:
        return
    try:
        text = response.raw.read(SHOWN_BODY_BYTES, decode_content=True).decode("utf-8", "replace").strip()
    except (HTTPError, OSError):  # the refusal itself broke off: its status says enough
        text = ""
    said = f"{response.url} answered {status} {response.reason}" + (f": {text}" if text else "")
    if status == 429 or status >= 500:
        raise SourceUnavailable(said, _retry_after(response))
    if status in (401, 403):
        raise AccessRefused(f"{said}; ask the publisher for the right, or correct the key that you gave")
    if status == 404:
        raise NotThere(
            f"{said}; the route moved, or a parameter that it requires is missing; compare with the publisher's "
            "documentation"
        )
    if status == 400:
        raise SourceChanged(
            f"{said}; the request is not one that it accepts; compare with the publisher's documentation"
        )
    raise SourceChanged(f"{said}; ask the publisher, or correct the declaration")


def _retry_after(response: requests.Response) -> float | None:
    """Seconds of a Retry-After header, which holds a number or a date."""
    header = response.headers.get("Retry-After")
    if header is None:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
