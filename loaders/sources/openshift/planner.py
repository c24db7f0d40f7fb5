"""Which files make up which day of which cluster. A window is (source uuid, report, day in UTC).

Clusters send a day again and again while it goes on, each time under a new manifest. Of these one has the day: the one
with more hours of it, and of equals the one with the higher number. The files of the others are not read.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

from loaders.catalogue import Dataset
from loaders.errors import DeclarationError, SourceChanged
from loaders.files import SourceFile
from loaders.sources.openshift.cut import cut_into_days
from loaders.sources.openshift.report import raw_batches
from loaders.windows import Window

# The datasets of each route; those that it does not name belong to both.
ROUTES = {"hourly": ("pod_usage",), "daily": ("pod_usage_daily",)}

# <report>.<day>.<manifest>.<counter>_<chunk>.parquet, as Koku names what is of one day
OF_A_DAY = re.compile(r"^[a-z_]+\.(?P<day>\d{4}-\d{2}-\d{2})\.(?P<manifest>\d+)\.")
SOURCE = re.compile(r"(?:^|/)source=(?P<uuid>[^/]+)/")
UNPADDED = re.compile(r"/month=\d(/|$)")


@dataclass(frozen=True)
class Part:
    """A file with rows of one day of one cluster, and the manifest under which it was sent."""

    file: SourceFile
    source_uuid: str
    day: date
    manifest: int  # its number: Koku's, or else the second at which it was sent


def plan(
    dataset: Dataset, files: Sequence[SourceFile], zone: ZoneInfo, first: date, until: date, now: datetime
) -> Iterator[Window]:
    """The days of each cluster from `first` up to but without `until` that the files hold, oldest first.

    Also the day that is still going on: what there is of it is loaded, and again when more was sent.
    Raises `SourceChanged` for a path that says nothing, or something ambiguous, of its cluster, and
    `DeclarationError` for a route that is none.
    """
    if not _is_of_the_route(dataset):
        return
    found: defaultdict[tuple[date, str], defaultdict[int, list[SourceFile]]] = defaultdict(lambda: defaultdict(list))
    for file in files:
        for part in _parts(file):
            if first <= part.day < until:
                found[part.day, part.source_uuid][part.manifest].append(part.file)
    for (day, source_uuid), manifests in sorted(found.items()):
        winner = sorted(manifests[_winner(dataset, manifests)], key=lambda file: file.name)
        yield Window(dataset.request.window, zone, day, tuple(winner), (("source_uuid", source_uuid),))


def _is_of_the_route(dataset: Dataset) -> bool:
    route = dataset.setting("route")
    if route not in ROUTES:
        raise DeclarationError(f"route is {route!r}; write {' or '.join(ROUTES)}")
    return not any(dataset.name in datasets for other, datasets in ROUTES.items() if other != route)


def _winner(dataset: Dataset, manifests: dict[int, list[SourceFile]]) -> int:
    """The manifest that has the day. Numbers are compared as numbers: 999 is older than 1001."""
    if len(manifests) == 1:
        return next(iter(manifests))
    return max(manifests, key=lambda manifest: (_hours(dataset, manifests[manifest]), manifest))


def _hours(dataset: Dataset, files: Iterable[SourceFile]) -> int:
    """How many different hours the files have rows of. Only that column is read."""
    seen: set[object] = set()
    when = next(field for field in dataset.fields if field.name == dataset.window)
    others = [field.key for field in dataset.published if field is not when]
    alone = Dataset.model_construct(**dict(dataset) | {"fields": (when,), "ignored": (*dataset.ignored, *others)})
    for file in files:
        with file.open() as opened:
            for batch in raw_batches(opened, alone, file.name):
                seen.update(pc.unique(batch.column(0).cast(pa.string())).to_pylist())
    return len(seen)


def _parts(file: SourceFile) -> Iterator[Part]:
    path = file.location if file.member is None else f"{file.location}/{file.member}"
    if UNPADDED.search(path):
        raise SourceChanged(
            f"{file.name}: months are written with two digits in paths (month=01). The same month under both spellings "
            "would count twice: move the files of one into the other, or delete them. Nothing was loaded"
        )
    source_uuid, manifest = _origin(file, path)
    if named := OF_A_DAY.match(PurePosixPath(path).name):
        yield Part(file, source_uuid, date.fromisoformat(named["day"]), int(named["manifest"]))
        return
    for day, piece in cut_into_days(file):
        yield Part(piece, source_uuid, day, manifest)


def _origin(file: SourceFile, path: str) -> tuple[str, int]:
    """The cluster, and the number of the manifest of a file that is not named for it."""
    if directory := SOURCE.search(path):
        # Files of an archive, or of a folder, are parts of what was sent at once.
        return directory["uuid"], 0 if file.member is None else int(file.modified.timestamp())
    if file.member is not None:
        about = _payload_manifest(file)
        return about["cluster_id"], int(_sent_at(file, about).timestamp())
    raise SourceChanged(
        f"{file.name}: nothing says which cluster it is of; put it into a folder source=<uuid>, as Koku does, or give "
        "the operator's payload as it was sent (tar.gz)"
    )


def _sent_at(file: SourceFile, about: dict[str, str]) -> datetime:
    """When a payload was sent: in UTC, where its manifest names no zone."""
    if "date" not in about:
        return file.modified
    try:
        sent = datetime.fromisoformat(about["date"])
    except (TypeError, ValueError) as error:
        raise SourceChanged(f"{file.name}: the manifest.json beside it has the date {about['date']!r}") from error
    return sent if sent.tzinfo else sent.replace(tzinfo=UTC)


def _payload_manifest(file: SourceFile) -> dict[str, str]:
    """The operator's manifest.json, which stands beside the reports in its payload."""
    beside = str(PurePosixPath(file.member or "").parent / "manifest.json")
    archive = PurePosixPath(file.location).name
    try:
        manifest = json.loads(b"".join(replace(file, name=f"{archive}/{beside}", member=beside).read()))
    except (KeyError, ValueError) as error:
        raise SourceChanged(
            f"{archive} has no manifest.json beside {file.member}, so nothing says its cluster"
        ) from error
    if not isinstance(manifest, dict) or not manifest.get("cluster_id"):
        raise SourceChanged(f"{archive}: its manifest.json names no cluster_id")
    return manifest
