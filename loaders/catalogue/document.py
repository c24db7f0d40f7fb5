"""A YAML file of declarations: read, made a model, and every mistake in it named with its line and what to write."""

import difflib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic import Field as Constraint

from loaders.errors import DeclarationError

Name = Annotated[str, Constraint(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$")]

YAML_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C where it can be: a fifth of the time
_SET_BY_THE_READER = {"name", "source_name", "path", "datasets"}


class Declaration(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


Model = TypeVar("Model", bound=Declaration)


def unknown(kind: str, name: str, known: Any, where: str) -> str:
    near = difflib.get_close_matches(name.lower(), list(known), n=3) or sorted(known)[:8]
    return f"no {kind} {name!r} in {where}; did you mean {' or '.join(near)}?"


class Document:
    """A YAML file that can say on which line a key or a word stands."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text(encoding="utf-8")
            content = yaml.load(text, Loader=YAML_LOADER)  # noqa: S506 - it is the safe one, in C where it can be
        except FileNotFoundError as error:
            raise DeclarationError(
                f"{path}: the file is missing; every source has source.yml and fields.yml, or names a `vocabulary`"
            ) from error
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise DeclarationError(f"{path}:{line}: not YAML: {error.problem}") from error
        if not isinstance(content, dict):
            raise DeclarationError(f"{path}:1: write a mapping of settings, one per line")
        self.content: dict[str, Any] = content

    @cached_property
    def _root(self) -> yaml.Node | None:
        """The document with its lines, which only a mistake asks for."""
        return yaml.compose(self.path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)

    def build(self, model: type[Model], at: str | None = None, **known: Any) -> Model:
        """The model from this document (or from the mapping under the key `at`), with `known` values over it."""
        content = self.content if at is None else self.content[at]
        if not isinstance(content, dict):
            raise self.error(f"{at}: write a mapping such as {{key: ..., type: ..., about: ...}}", at=at)
        try:
            return model(**{**content, **known})
        except ValidationError as error:
            # A misspelt setting is both unknown and missing: its own name is the better advice.
            first = min(error.errors(), key=lambda one: one["type"] != "extra_forbidden")
            place = [str(part) for part in first["loc"]]
            said = _advice(first, place, model)
            raise self.error(said, at=at or (place[0] if place else None), word=place[-1] if place else None) from error

    def error(self, said: str, at: str | None = None, word: str | None = None) -> DeclarationError:
        return DeclarationError(f"{self.path}:{self._line(at, word)}: {said}")

    def _line(self, at: str | None, word: str | None) -> int:
        """The line of `word` under the key `at`, of the key itself, or the first."""
        line = 1
        if isinstance(self._root, yaml.MappingNode):
            for key, value in self._root.value:
                if key.value == at:
                    line = key.start_mark.line + 1
                    for node in _scalars(value):
                        if node.value == word:
                            return int(node.start_mark.line) + 1
        return int(line)


def _scalars(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.ScalarNode):
        yield node
    elif isinstance(node, yaml.SequenceNode):
        for part in node.value:
            yield from _scalars(part)
    elif isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _scalars(key)
            yield from _scalars(value)


def _advice(first: Any, place: list[str], model: type[BaseModel]) -> str:
    """What to write, from pydantic's first error."""
    name = ".".join(place)
    if first["type"] == "missing":
        about = model.model_fields[place[0]] if place and place[0] in model.model_fields else None
        wanted = f" ({about.annotation})" if about is not None else ""
        return f"{name} is missing; add `{name}: ...`{wanted}"
    if first["type"] == "extra_forbidden":
        return unknown("setting", name, set(model.model_fields) - _SET_BY_THE_READER, where="this kind of file")
    return f"{name}: {first['msg']}".removeprefix(": ").replace("Value error, ", "")
