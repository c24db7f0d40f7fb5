"""What the documents tell the reader to run exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from loaders.cli import app

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("loaders", "dbt_project", "flows", "tests", "infra")
DOCUMENTS = sorted([ROOT / "README.md", *(path for room in ROOMS for path in (ROOT / room).rglob("README.md"))])
TASKS = yaml.safe_load((ROOT / "Taskfile.yml").read_text())["tasks"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_task_that_a_document_names_exists(document: Path) -> None:
    named = set(re.findall(r"(?:`|^|# )task ([a-z]+)", document.read_text(), flags=re.MULTILINE))
    assert named <= TASKS.keys(), f"{document.name} names tasks that do not exist"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text()):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


@pytest.mark.parametrize("room", ["loaders", "loaders/markets", "loaders/features", "flows"])
def test_a_rooms_document_says_what_each_of_its_files_is_for(room: str) -> None:
    files = {path.name for path in (ROOT / room).glob("*.py")} - {"__init__.py"}
    said = (ROOT / room / "README.md").read_text()
    assert [name for name in sorted(files) if f"`{name}`" not in said] == []


def test_every_task_says_what_it_does() -> None:
    assert [name for name, task in TASKS.items() if not task.get("desc")] == []


def test_every_command_has_help_and_every_option_says_what_it_does() -> None:
    for name, command in get_command(app).commands.items():
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
        assert command.help, name
        assert [option.name for option in command.params if not getattr(option, "help", None)] == [], name


def test_the_dataset_of_the_readme_is_the_one_in_the_catalogue() -> None:
    text = (ROOT / "README.md").read_text()
    [(path, source, name, shown)] = re.findall(
        r"`(loaders/sources/(\w+)/datasets/(\w+)\.yml)`:\n\n```yaml\n(.*?)```", text, re.DOTALL
    )
    assert shown == (ROOT / path).read_text()
    # As its tests are named; a part of it might select others too: `indo` is in every test of a window.
    assert f"`task test -- -k {source}.{name}`" in text
