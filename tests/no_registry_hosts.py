"""`python -m tests.no_registry_hosts`: fail if a tracked file names a package registry's host.

An address in a lock file ties every clone to the mirror that one machine happened to use.
"""

import subprocess
import sys

HOSTS = r"pyp[i]\.org|pythonhoste[d]\.org|npmj[s]\.(org|com)|deb\.debia[n]\.org"


def main() -> int:
    """1 if any file does, and its lines are printed."""
    found = subprocess.run(["git", "grep", "-nE", HOSTS], capture_output=True, text=True, check=False)
    sys.stdout.write(found.stdout)
    return 1 if found.stdout else 0


if __name__ == "__main__":
    sys.exit(main())
