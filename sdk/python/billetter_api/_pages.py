"""Walks the pages of a list."""

from __future__ import annotations

from typing import Callable, Iterator, List, Optional, Tuple, TypeVar

T = TypeVar("T")


def pages(fetch: Callable[[Optional[str]], Tuple[List[T], Optional[str]]]) -> Iterator[T]:
    """The items of all pages. fetch gets the mark of a page, None for the first."""
    items, mark = fetch(None)
    yield from items
    while mark is not None:
        items, mark = fetch(mark)
        yield from items
