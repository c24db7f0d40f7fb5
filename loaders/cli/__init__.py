"""The command line, `millrace`. Whatever takes long to import is imported by the command that needs it."""

from typing import Any

import typer

from loaders.cli import features, load, look

# A command that cannot be parsed has loaded nothing. Left alone it would end with 2: some windows failed.
usage_error: Any = typer.BadParameter.__base__
usage_error.exit_code = 1

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None)
app.add_typer(load.commands)
app.add_typer(look.commands)
app.add_typer(features.commands, name="features")

__all__ = ["app"]
