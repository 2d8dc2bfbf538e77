"""YAML files checked against a model, with the line of every fault."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from console.errors import Refused

Model = TypeVar("Model", bound=BaseModel)
_LARGEST = 5_000_000
_MOST_NODES = 1_000_000


class UnreadableFile(Refused):
    """A file that is not what it should be. One line per fault: file:line: place: what is wrong."""


def read_yaml(path: Path, model: type[Model]) -> Model:
    """The file as a model.

    Raises:
        UnreadableFile: there is no such file, it is not YAML, or something in it is not allowed.
    """
    text = _text(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is not None and _written_out(node, {}) > _MOST_NODES:
            raise UnreadableFile(f"{path}:1: its aliases stand for more than {_MOST_NODES:,} values; write it out")
        data = yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise UnreadableFile(f"{path}:{line}: this is not YAML: {error.problem or error.context}") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise UnreadableFile(f"{path}:1: this is not YAML: {str(error).splitlines()[0]}") from None
    if node is None:
        raise UnreadableFile(f"{path}:1: the file is empty")
    twice = _written_twice(node)
    if twice is not None:
        raise UnreadableFile(f"{path}:{twice.start_mark.line + 1}: {twice.value!r} is written twice")
    try:
        return model.model_validate(data)
    except ValidationError as error:
        faults = {
            f"{path}:{line_of(node, fault['loc'])}: {place(fault['loc'])}: {_said(model, fault)}": None
            for fault in error.errors(include_input=False, include_url=False)
        }
        raise UnreadableFile("\n".join(faults)) from None


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > _LARGEST:
            raise UnreadableFile(f"{path}: the file is larger than {_LARGEST // 1_000_000} MB")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UnreadableFile(f"{path}: cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise UnreadableFile(f"{path}: is not UTF-8 text") from None


def _said(model: type[BaseModel], fault: ErrorDetails) -> str:
    if fault["type"] == "extra_forbidden":
        return f"is not known here{nearest(model, fault['loc'])}"
    return fault["msg"].removeprefix("Value error, ")


def nearest(model: type[BaseModel], location: Sequence[int | str]) -> str:
    """`; do you mean "region"?` for an unknown name at that place of a document; "" when no name is like it."""
    *above, written = location
    around: set[Any] = {model}
    for part in above:
        if isinstance(part, str):
            fields = [one.model_fields[part] for one in around if part in one.model_fields]
            around = {inner for one in fields for inner in _models(one.annotation)} or around
    names = {name for one in around for name in one.model_fields}
    close = get_close_matches(str(written).casefold(), sorted(names), n=1, cutoff=0.6)
    # What is meant may be the beginning of a longer name.
    close = close or sorted(name for name in names if name.startswith(str(written).casefold()))[:1]
    return f'; do you mean "{close[0]}"?' if close else ""


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    """The models within a type: that of a part, of a list's items, of what may be None."""
    if isinstance(annotation, type) and not get_args(annotation):
        if issubclass(annotation, BaseModel):
            yield annotation
        return
    for inner in get_args(annotation):
        yield from _models(inner)


def place(location: Sequence[int | str]) -> str:
    """`connections[0].templates[1].name`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text or "the file"


def line_of(node: yaml.Node, location: Sequence[int | str]) -> int:
    """The line of a place, or of the nearest thing around it that is written down."""
    line = node.start_mark.line
    for part in location:
        if isinstance(node, yaml.MappingNode):
            found = next(((key, value) for key, value in node.value if str(key.value) == str(part)), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line
        else:
            break
    return int(line) + 1


def _written_out(node: yaml.Node, known: dict[int, int]) -> int:
    """How many nodes there are when every alias is a copy: a few lines of aliases of aliases stand for billions."""
    if id(node) not in known:
        # Meanwhile, for a node that holds itself.
        known[id(node)] = _MOST_NODES
        parts = node.value if isinstance(node, yaml.CollectionNode) else []
        children = [child for part in parts for child in (part if isinstance(part, tuple) else (part,))]
        known[id(node)] = 1 + sum(_written_out(child, known) for child in children)
    return known[id(node)]


def _written_twice(node: yaml.Node) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if str(key.value) in seen:
                return key  # type: ignore[no-any-return]  # yaml's nodes are not typed
            seen.add(str(key.value))
            if (found := _written_twice(value)) is not None:
                return found
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            if (found := _written_twice(value)) is not None:
                return found
    return None
