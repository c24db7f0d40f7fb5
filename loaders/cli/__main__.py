"""`python -m loaders.cli` is `millrace`."""

from loaders.cli import app

app()
