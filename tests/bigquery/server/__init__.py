"""The BigQuery that tests load into: `local-bigquery`, corrected. Runs in .venv-emulator, started by `..emulator`."""
