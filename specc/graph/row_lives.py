"""How long each row of a tensor is kept while layers run together by rows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from specc.graph.execution import Step, copying
from specc.graph.lifetimes import copy_name
from specc.graph.network import Network
from specc.graph.row_work import row_work


@dataclass(frozen=True)
class RowLife:
    """A row lies in place `row` modulo the ring's rows from call `first` of its step to call `last`, both included."""

    row: int
    first: int
    last: int


def rings_of(step: Step) -> dict[str, int]:
    """Rows of every ring of a step by the name of its buffer: of tensors, and of the columns that tiles copy."""
    copied = step.tiles.copied if step.tiles else {}
    return {**step.rings, **{copy_name(tensor, step): one.rows for tensor, one in copied.items()}}


def row_lives(network: Network, step: Step, window_sums: frozenset[str] = frozenset()) -> dict[str, list[RowLife]]:
    """The life of every row in each ring of a step, by its buffer: from the call that makes it to its last reader.

    Calls are counted over all tiles of a step, and a row has a life in each of them.

    Args:
        network: the network.
        step: one that runs by rows.
        window_sums: names of the convolutions that run as window sums.
    """
    lives: dict[str, list[RowLife]] = {name: [] for name in rings_of(step)}
    for tile in range(step.times):
        for name, own in _lives_of_tile(network, step, window_sums, tile * len(step.calls)).items():
            lives[name] += own
    return lives


def _lives_of_tile(network: Network, step: Step, window_sums: frozenset[str], start: int) -> dict[str, list[RowLife]]:
    works = {
        index: row_work(layer, window_sums)
        for index, layer in enumerate(network.layers)
        if step.first <= index <= step.last
    }
    copied = step.tiles.copied if step.tiles else {}
    names = {tensor: copy_name(tensor, step) for tensor in copied}
    arriving = {copying(network, one.reader): names[tensor] for tensor, one in copied.items()}
    arriving[len(network.layers)] = network.input
    lives: dict[str, list[RowLife]] = {name: [] for name in rings_of(step)}
    done: Counter[int] = Counter()
    for time, (index, call) in enumerate(step.calls, start):
        work = works.get(index)
        if work is None:  # a row of the input arrives, or is copied
            lives[arriving[index]].append(RowLife(call, time, time))
            continue
        for tensor in {names.get(name, name) for name in work.layer.inputs} & lives.keys():
            first, last = work.reads(call)
            for row in range(first, last + 1):
                lives[tensor][row] = RowLife(row, lives[tensor][row].first, time)
        if work.layer.name in lives:
            made = lives[work.layer.name]
            made.extend(RowLife(row, time, time) for row in range(len(made), work.made(done[index] + 1)))
        done[index] += 1
    return lives
