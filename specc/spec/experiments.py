"""What is to be compared: data sets by which accuracy is judged, and variants of the contract to try."""

from __future__ import annotations

from specc.spec.base import Node, SpecQuantity


class DataSet(Node):
    """A file of labelled inputs inside the project folder; `path` is as written, relative to the file that says so."""

    name: str
    path: str


class Experiments(Node):
    """Variants to try beside what the spec asks for; each list is one axis, empty where it is not varied."""

    clocks: tuple[SpecQuantity, ...] = ()
    compile: tuple[str, ...] = ()  # compiler flags
    bits: tuple[int, ...] = ()  # widths of every row of the quantization table
    fusion: tuple[bool, ...] = ()  # the schedule section obeyed, or not
    tiles: tuple[tuple[int, int], ...] = ()  # height and width of the tile computed at a time
