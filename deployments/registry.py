"""The flows by name, and parameters checked against what a flow declares."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Mapping
from typing import Any

from prefect import Flow
from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from flows import FLOWS


class UnknownFlow(LookupError):
    """There is no flow of that name. The text lists those there are."""


class WrongParameters(ValueError):
    """Parameters that a flow does not take; one line per fault, without values."""


def load_flow(name: str) -> Flow[..., Any]:
    """The flow of that name.

    Raises:
        UnknownFlow: there is none.
    """
    if name not in FLOWS:
        raise UnknownFlow(f"There is no flow {name!r}. There are: {', '.join(sorted(FLOWS))}")
    return FLOWS[name]


def validated_parameters(flow: Flow[..., Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters in the types the flow declares, defaults left out.

    Raises:
        WrongParameters: unknown names, missing or unusable values.
    """
    hints = typing.get_type_hints(flow.fn)
    fields: dict[str, Any] = {
        name: (hints.get(name, Any), ... if parameter.default is inspect.Parameter.empty else parameter.default)
        for name, parameter in inspect.signature(flow.fn).parameters.items()
    }
    model: type[BaseModel] = create_model("Parameters", __config__=ConfigDict(extra="forbid"), **fields)
    try:
        accepted = model.model_validate(dict(given))
    except ValidationError as error:
        lines = []
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0])
            if fault["type"] == "extra_forbidden":
                lines.append(f"{flow.name} has no parameter {name}; it has: {', '.join(fields)}")
            elif fault["type"] == "missing":
                lines.append(f"{flow.name} needs {name}=…")
            else:
                lines.append(f"{name}: {fault['msg']}")
        raise WrongParameters("\n".join(dict.fromkeys(lines))) from None
    return {name: getattr(accepted, name) for name in accepted.model_fields_set}
