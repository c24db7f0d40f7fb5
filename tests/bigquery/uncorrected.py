"""The emulator without one of its corrections, to see that its own test notices."""

from __future__ import annotations

import sys

from tests.bigquery.server.syntax import accept_newer_syntax

accept_newer_syntax()

from tests.bigquery.server import corrections
from tests.bigquery.server.__main__ import main

if __name__ == "__main__":
    corrections._unpack_gzipped_uploads = lambda: None
    sys.exit(main())
