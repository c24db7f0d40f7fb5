"""Parts by way of a bucket of Cloud Storage: uploaded, loaded from there by BigQuery itself, and removed.

An object is `gs://BUCKET/PREFIX/PROJECT/SCHEMA/PIPELINE/LOAD/FILE`. A pipeline writes one dataset, under its lock: who
holds the lock knows that whatever lies in the pipeline's folder was left behind by a process that was killed.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from loaders.errors import DeclarationError, WarehouseUnavailable

VARIABLE = "MILLRACE_BIGQUERY_STAGING"
LOCATION = re.compile(r"gs://(?P<bucket>[a-z0-9][a-z0-9._-]+[a-z0-9])(?:/(?P<prefix>[^/*]+(?:/[^/*]+)*))?/?")
CHUNK_BYTES = 8 << 20  # sent and confirmed at once; the client's own is 100 MB, which it holds in memory
NEEDED = ("storage.objects.create", "storage.objects.delete", "storage.objects.get", "storage.objects.list")


@dataclass(frozen=True)
class Staging:
    """A place in a bucket. Methods take the bucket as `open` gives it, and raise `WarehouseUnavailable` with advice."""

    bucket: str
    prefix: str | None  # of the names of its objects, without a slash at either end

    @classmethod
    def at(cls, location: str) -> Self:
        """The place `gs://bucket/prefix`. Raises `DeclarationError` if it is none."""
        found = LOCATION.fullmatch(location)
        if found is None:
            raise DeclarationError(f"{VARIABLE}: {location!r} is no place in a bucket; write gs://bucket/prefix")
        return cls(found["bucket"], found["prefix"])

    def open(self, project: str, credentials: Any) -> Any:
        """The bucket of Google's own client. Asks nothing yet."""
        from google.cloud import storage  # type: ignore[attr-defined]  # comes without types

        return storage.Client(project, credentials).bucket(self.bucket)

    @contextmanager
    def holding(self, bucket: Any, part: Path, *folders: str) -> Iterator[str]:
        """The URI of a copy of the file `part`, which is there for as long as the context lasts."""
        blob = bucket.blob(self._name(*folders, part.name), chunk_size=CHUNK_BYTES)
        try:
            with self._advising():
                blob.upload_from_filename(part, content_type="application/octet-stream")
            yield f"gs://{self.bucket}/{blob.name}"
        finally:
            with suppress(Exception):  # it may never have come to be; what stays goes with the next load's sweep
                blob.delete()

    def sweep(self, bucket: Any, *folders: str) -> None:
        """Remove whatever lies in the folder."""
        with self._advising():
            for blob in bucket.list_blobs(prefix=self._name(*folders, "")):
                blob.delete()

    def check(self, bucket: Any) -> None:
        """Look whether whoever asks may do all that a load does. Writes nothing."""
        with self._advising():
            granted = bucket.test_iam_permissions(NEEDED)
            if missing := sorted(set(NEEDED) - set(granted)):
                raise PermissionError(f"not granted: {', '.join(missing)}")

    def _name(self, *parts: str) -> str:
        return "/".join(parts if self.prefix is None else (self.prefix, *parts))

    @contextmanager
    def _advising(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:  # Google's client, its transport and its credentials each have their own
            raise WarehouseUnavailable(
                f"{VARIABLE}={self}: {error}; see that the bucket exists, in the location of the datasets, and grant "
                "whoever asks roles/storage.objectUser on it, or load without it"
            ) from error

    def __str__(self) -> str:
        return f"gs://{self.bucket}" + (f"/{self.prefix}" if self.prefix else "")
