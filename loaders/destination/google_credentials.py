"""Who asks Google: a service account from dlt's secrets where there is one, or else whoever Google's own chain finds.

dlt's secrets are DESTINATION__BIGQUERY__CREDENTIALS (the JSON of the account's key) or the table
`[destination.bigquery.credentials]` of `.dlt/secrets.toml`. They are read here because dlt itself may be imported
only after a run has its working folder.
"""

import json
import os
import tomllib
from pathlib import Path
from typing import Any

from loaders.errors import DeclarationError, WarehouseUnavailable

VARIABLE = "DESTINATION__BIGQUERY__CREDENTIALS"
SECRETS = Path(".dlt") / "secrets.toml"
SCOPES = ["https://www.googleapis.com/auth/bigquery", "https://www.googleapis.com/auth/cloud-platform"]


def google_credentials(anonymous: bool = False) -> Any:
    """Credentials as Google's clients take them; `anonymous` ones for an emulator.

    Raises `WarehouseUnavailable` if there are none, `DeclarationError` if those of dlt's secrets are none.
    """
    import google.auth
    from google.auth.credentials import AnonymousCredentials
    from google.auth.exceptions import DefaultCredentialsError
    from google.oauth2.service_account import Credentials

    if anonymous:
        return AnonymousCredentials()  # type: ignore[no-untyped-call]  # comes without types
    if (key := _service_account()) is not None:
        try:
            return Credentials.from_service_account_info(key, scopes=SCOPES)  # type: ignore[no-untyped-call]  # comes without types
        except ValueError as error:  # its text names what is missing, and repeats no secret
            raise DeclarationError(f"{VARIABLE} or {SECRETS} is no key of a service account: {error}") from error
    try:
        return google.auth.default(scopes=SCOPES)[0]
    except DefaultCredentialsError as error:
        raise WarehouseUnavailable(
            "no Google credentials: run `gcloud auth application-default login`, or name a service account's key file "
            f"in GOOGLE_APPLICATION_CREDENTIALS, or put the key itself into {VARIABLE}"
        ) from error


def _service_account() -> dict[str, Any] | None:
    try:
        if text := os.environ.get(VARIABLE):
            return dict(json.loads(text))
        if SECRETS.exists():
            found = tomllib.loads(SECRETS.read_text(encoding="utf-8"))
            for name in ("destination", "bigquery", "credentials"):
                found = found.get(name, {})
            return found or None
    except ValueError:  # of JSON and TOML both; their messages quote the text, which is a secret
        raise DeclarationError(f"{VARIABLE} or {SECRETS} cannot be read; write the JSON of the key") from None
    return None
