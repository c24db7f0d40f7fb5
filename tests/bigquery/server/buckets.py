"""Cloud Storage as far as staged loads use it, beside the emulator, which reads `gs://bucket/name` in the same folder.

The JSON interface: buckets, who may do what in them, and objects that are sent at once or in pieces, read, listed
and removed. What a load is refused in a real bucket it is refused here, with the same status and reason.
"""

from __future__ import annotations

import base64
import email
import email.policy
import functools
import json
import re
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import FileResponse, JSONResponse
from local_bigquery.settings import settings

CREATE, DELETE, GET, LIST = (f"storage.objects.{one}" for one in ("create", "delete", "get", "list"))
ROLES = {
    "roles/storage.objectCreator": {CREATE},
    "roles/storage.objectViewer": {GET, LIST},
    "roles/storage.objectUser": {CREATE, DELETE, GET, LIST},
}
PAGE = 2  # objects of a listing; a real page has a thousand, and nobody should rely on seeing only one
PIECE = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<size>\d+|\*)")

router = APIRouter()
granted: dict[str, set[str]] = {}  # by bucket
uploads: dict[str, Upload] = {}


@dataclass
class Upload:
    """An object that is being sent in pieces."""

    bucket: str
    about: dict[str, Any]
    content: bytearray = field(default_factory=bytearray)


class Refused(Exception):
    """An answer that is an error, in Google's words for it."""

    def __init__(self, code: int, reason: str, message: str) -> None:
        self.code = code
        self.body = {"error": {"code": code, "message": message, "errors": [{"reason": reason, "message": message}]}}


async def refuse(request: Request, refused: Refused) -> JSONResponse:
    return JSONResponse(refused.body, refused.code)


def allow(bucket: str, permission: str) -> None:
    if bucket not in granted:
        raise Refused(404, "notFound", "The specified bucket does not exist.")
    if permission not in granted[bucket]:
        raise Refused(403, "forbidden", f"The caller does not have {permission} access to the bucket {bucket}.")


def place(bucket: str, name: str = "") -> Path:
    return settings.data_dir / "gcs" / bucket / name


# --- buckets ----------------------------------------------------------------------------------------------------------


@router.post("/storage/v1/b")
def create_bucket(body: dict[str, Any]) -> dict[str, str]:
    if body["name"] in granted:
        raise Refused(409, "conflict", "Your previous request to create the named bucket succeeded.")
    granted[body["name"]] = set(ROLES["roles/storage.objectUser"])
    return {"kind": "storage#bucket", "name": body["name"]}


@router.get("/storage/v1/b/{bucket}/iam/testPermissions")
def test_permissions(bucket: str, permissions: Annotated[list[str], Query()]) -> dict[str, list[str]]:
    if bucket not in granted:
        raise Refused(404, "notFound", "The specified bucket does not exist.")
    return {"permissions": [one for one in permissions if one in granted[bucket]]}


@router.put("/storage/v1/b/{bucket}/iam")
def set_policy(bucket: str, body: dict[str, Any]) -> dict[str, Any]:
    granted[bucket] = set().union(*(ROLES[binding["role"]] for binding in body["bindings"]))
    return body


# --- objects ----------------------------------------------------------------------------------------------------------


@router.get("/storage/v1/b/{bucket}/o")
def list_objects(bucket: str, prefix: str = "", pageToken: str = "") -> dict[str, Any]:  # noqa: N803 - its name
    allow(bucket, LIST)
    root = place(bucket)
    every = sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())
    names = [name for name in every if name.startswith(prefix) and name > pageToken]
    more = {"nextPageToken": names[PAGE - 1]} if len(names) > PAGE else {}
    return {"items": [{"name": name, "bucket": bucket} for name in names[:PAGE]]} | more


@router.get("/download/storage/v1/b/{bucket}/o/{name:path}")
def read_object(bucket: str, name: str) -> FileResponse:
    allow(bucket, GET)
    return FileResponse(existing(bucket, name))


@router.delete("/storage/v1/b/{bucket}/o/{name:path}", status_code=204)
def delete_object(bucket: str, name: str) -> None:
    allow(bucket, DELETE)
    existing(bucket, name).unlink()


def existing(bucket: str, name: str) -> Path:
    if not place(bucket, name).exists():
        raise Refused(404, "notFound", f"No such object: {bucket}/{name}")
    return place(bucket, name)


@router.post("/upload/storage/v1/b/{bucket}/o")
async def upload(bucket: str, uploadType: str, request: Request) -> Response:  # noqa: N803 - its name
    allow(bucket, CREATE)
    body = await request.body()
    if uploadType == "resumable":
        number = uuid.uuid4().hex
        uploads[number] = Upload(bucket, json.loads(body))
        return Response(headers={"Location": str(request.url.include_query_params(upload_id=number))})
    header = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(header + body, policy=email.policy.HTTP)
    about, content = (part.get_payload(decode=True) for part in message.iter_parts())
    return store(Upload(bucket, json.loads(about), bytearray(content)))


@router.put("/upload/storage/v1/b/{bucket}/o")
async def upload_piece(upload_id: str, request: Request) -> Response:
    sent = uploads[upload_id]
    piece = PIECE.fullmatch(request.headers["content-range"])
    if piece is None or (piece["first"] and int(piece["first"]) != len(sent.content)):
        raise Refused(400, "invalid", f"{request.headers['content-range']}: {len(sent.content)} bytes are here")
    sent.content += await request.body()
    if piece["size"] == "*" or int(piece["size"]) > len(sent.content):
        return Response(status_code=308, headers={"Range": f"bytes=0-{len(sent.content) - 1}"})
    return store(uploads.pop(upload_id))


def store(sent: Upload) -> JSONResponse:
    """The object, there as a whole or not at all, if it is what its sender says it is."""
    name, found = sent.about["name"], crc32c(bytes(sent.content))
    if sent.about.get("crc32c", found) != found:
        raise Refused(400, "invalid", f"Provided CRC32C does not match that of {name}, {found}.")
    path = place(sent.bucket, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(sent.content)
    return JSONResponse({"name": name, "bucket": sent.bucket, "size": str(len(sent.content)), "crc32c": found})


def crc32c(content: bytes) -> str:
    """Castagnoli's checksum as Cloud Storage writes it."""
    table, found = _crc32c_table(), 0xFFFFFFFF
    for byte in content:
        found = table[(found ^ byte) & 0xFF] ^ (found >> 8)
    return base64.b64encode((found ^ 0xFFFFFFFF).to_bytes(4, "big")).decode()


@functools.cache
def _crc32c_table() -> list[int]:
    table = []
    for value in range(256):
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        table.append(value)
    return table
