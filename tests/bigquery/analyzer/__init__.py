"""Google's own analyzer of SQL: it types every expression and runs nothing. Runs in .venv-emulator, for `..analyse`."""
