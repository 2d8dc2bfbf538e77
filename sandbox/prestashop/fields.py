"""How a webservice resource is described: its fields in the order the shop prints them, and its associations.

A resource is written as a small text table (see `catalogue_resources`), one field a line:

    name kind [flags]

kind:   int bool float str date text ("text" = one value per language)
flags:  *          required on write
        @isName    validator shown in schema=synopsis
        <64        longest value
        =value     value of a row that does not mention the field
        ->things   the value is an id of that resource (gets an xlink:href when it is not 0)
        get        computed by the shop: cannot be filtered
        ro         cannot be written (error 93)
        noted      schema=synopsis calls it read-only, yet it can be written (recording 063 of 8.2.1)
        linked     gets its xlink:href even when empty (recording 096)
        num        a JSON number in PrestaShop 9 although it is a yes/no field
        int8       a JSON number in PrestaShop 8 already
        shop       kept per shop in a multishop
        8+ / -8    only from / only up to that major version
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["int", "bool", "float", "str", "date", "text"]
Scalar = str | int | bool | None

_DEFAULTS: dict[str, Scalar] = {
    "int": 0,
    "bool": 0,
    "float": "0.000000",
    "str": "",
    "date": "0000-00-00 00:00:00",
    "text": "",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a resource; see the module for what the flags mean."""

    name: str
    kind: Kind
    default: Scalar
    required: bool = False
    validator: str | None = None
    size: int | None = None
    link: str | None = None
    computed: bool = False
    writable: bool = True
    noted_read_only: bool = False
    always_linked: bool = False
    number_in_9: bool = False
    number_in_8: bool = False
    per_shop: bool = False
    since: int = 0
    until: int = 99

    def exists_in(self, major: int) -> bool:
        return self.since <= major <= self.until

    def is_number(self, major: int) -> bool:
        """Whether JSON shows a number rather than a string (recordings of 8.2.1 and 9.1.4)."""
        return self.number_in_8 or (major >= 9 and self.number_in_9)


@dataclass(frozen=True, slots=True)
class AssociationField:
    name: str
    required: bool = False
    link: str | None = None
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Association:
    """A list under <associations>. `declared`: core names its fields; else a slim display loses the ids.

    `virtual`: its members are no objects of their own (rows of carts and orders).
    """

    name: str
    node: str
    api: str
    fields: tuple[AssociationField, ...]
    declared: bool = True
    only_when_filled: bool = False
    virtual: bool = False


@dataclass(frozen=True, slots=True)
class Resource:
    name: str
    node: str
    class_name: str
    description: str
    fields: tuple[Field, ...]
    associations: tuple[Association, ...]
    forbidden_verbs: frozenset[str]
    scoped_to_shop: bool

    def for_version(self, major: int) -> Resource:
        fields = tuple(field for field in self.fields if field.exists_in(major))
        return Resource(
            self.name,
            self.node,
            self.class_name,
            self.description,
            fields,
            self.associations,
            self.forbidden_verbs,
            self.scoped_to_shop,
        )

    def field(self, name: str) -> Field | None:
        return next((field for field in self.fields if field.name == name), None)

    def association(self, name: str) -> Association | None:
        return next((association for association in self.associations if association.name == name), None)


def parse_field(line: str) -> Field:
    name, kind, *flags = line.split()
    if kind not in _DEFAULTS:
        raise ValueError(f"unknown kind in {line!r}")
    values: dict[str, object] = {"number_in_9": kind == "int"}
    for flag in flags:
        if flag == "*":
            values["required"] = True
        elif flag[0] == "@":
            values["validator"] = flag[1:]
        elif flag[0] == "<":
            values["size"] = int(flag[1:])
        elif flag[0] == "=":
            text = flag[1:].replace("_", " ")
            values["default"] = None if text == "null" else int(text) if kind in ("int", "bool") else text
        elif flag[:2] == "->":
            values["link"] = flag[2:]
        elif flag == "get":
            values["computed"] = True
        elif flag == "ro":
            values["writable"] = False
        elif flag == "noted":
            values["noted_read_only"] = True
        elif flag == "linked":
            values["always_linked"] = True
        elif flag == "num":
            values["number_in_9"] = True
        elif flag == "int8":
            values["number_in_8"] = True
        elif flag == "shop":
            values["per_shop"] = True
        elif flag[-1] == "+":
            values["since"] = int(flag[:-1])
        elif flag[0] == "-":
            values["until"] = int(flag[1:])
        else:
            raise ValueError(f"unknown flag {flag!r} in {line!r}")
    values.setdefault("default", _DEFAULTS[kind])
    return Field(name=name, kind=kind, **values)  # type: ignore[arg-type]  # built from the flags above


def parse_association(line: str) -> Association:
    """`name node api field[*][!][->api]… [undeclared] [when-filled] [virtual]`; "!" is shown as read-only."""
    name, node, api, *rest = line.split()
    fields = []
    for item in rest:
        if item in ("undeclared", "when-filled", "virtual"):
            continue
        text, _, link = item.partition("->")
        fields.append(AssociationField(text.rstrip("*!"), text.endswith("*"), link or None, text.endswith("!")))
    words = ("undeclared" not in rest, "when-filled" in rest, "virtual" in rest)
    return Association(name, node, api, tuple(fields), *words)


def resource(
    name: str,
    node: str,
    class_name: str,
    description: str,
    fields: str,
    associations: str = "",
    *,
    forbidden: str = "",
    scoped: bool = False,
) -> Resource:
    """A resource from its text table."""
    return Resource(
        name=name,
        node=node,
        class_name=class_name,
        description=description,
        fields=tuple(parse_field(line) for line in fields.strip().splitlines() if line.strip()),
        associations=tuple(parse_association(line) for line in associations.strip().splitlines() if line.strip()),
        forbidden_verbs=frozenset(forbidden.split()),
        scoped_to_shop=scoped,
    )
