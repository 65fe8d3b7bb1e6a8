"""The process that runs a program: one request as JSON on standard input, one answer as JSON on standard output.

Unicorn lives in a process of its own: it is under the GPL, and a program that brings it down must not take specc along.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from specc_backends.virtual_board.cores.decode import UnknownInstruction
from specc_backends.virtual_board.processor import GuestError
from specc_backends.virtual_board.sim.program import ProgramError, read_program
from specc_backends.virtual_board.sim.run import Run
from specc_backends.virtual_board.sim.semihosting import SemihostingError


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """The outcome of a request, or what is wrong with it under `error`."""
    want_stacks = request.pop("stacks")
    elf, library = Path(request.pop("elf")), Path(request.pop("library"))
    try:
        run = Run(read_program(elf), library, **request)
        result = run.execute()
        if want_stacks:
            result["stacks"] = run.stacks()
    except (GuestError, ProgramError, SemihostingError, UnknownInstruction) as error:
        return {"error": str(error)}
    return result


if __name__ == "__main__":
    print(json.dumps(answer(json.load(sys.stdin))))
