"""Names: the wire's camelCase, and snake_case here."""

from __future__ import annotations

import keyword
import re
from typing import Any, Dict, Mapping

from ._generated import FIELDS, MAPS


def snake(name: str) -> str:
    """participantId is participant_id; a word of Python's own has a line after it."""
    words = re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()
    return f"{words}_" if keyword.iskeyword(words) else words


def from_wire(value: Any) -> Any:
    """An answer with names in snake_case. What stands in a map keeps its keys: they are somebody's own words."""
    if isinstance(value, list):
        return [from_wire(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {snake(name): one if name in MAPS else from_wire(one) for name, one in value.items()}


def to_wire(operation: str, arguments: Mapping[str, Any]) -> Dict[str, Any]:
    """Arguments as the wire names them. Raises TypeError for one that is unknown or missing."""
    fields = FIELDS.get(operation, {})
    unknown = [name for name in arguments if name not in fields]
    if unknown:
        raise TypeError(f"unknown argument: {', '.join(unknown)} (there are {', '.join(fields)})")
    missing = [name for name, (_, required) in fields.items() if required and name not in arguments]
    if missing:
        raise TypeError(f"missing argument: {', '.join(missing)}")
    return {fields[name][0]: value for name, value in arguments.items()}
