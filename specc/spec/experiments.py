"""What is to be compared: data sets by which accuracy is judged, and variants of the contract to try."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field

from specc.spec.base import Node, SpecQuantity
from specc.spec.kernels import KernelChoice


class DataSet(Node):
    """A file of labelled inputs inside the project folder; `path` is as written, relative to the file that says so.

    `location` is where the file was found on this machine; it takes no part in equality and JSON.
    """

    name: str
    path: str
    location: Annotated[Path | None, Field(exclude=True, repr=False)] = None


MOST_COLUMNS: Final = 65_535  # of a tensor that a tile may have


class Experiments(Node):
    """Variants to try beside what the spec asks for; each list is one axis, empty where it is not varied."""

    clocks: tuple[SpecQuantity, ...] = ()
    compile: tuple[str, ...] = ()  # compiler flags
    bits: tuple[int, ...] = ()  # widths of every row of the quantization table
    fusion: tuple[bool, ...] = ()  # the schedule section obeyed, or not
    kernels: tuple[KernelChoice, ...] = ()  # of every layer
    rewrites: tuple[str, ...] = ()  # those that are switched off, one at a time; `all` for all of them together
    tiles: tuple[int, ...] = ()  # columns at a time of the output of fused layers
