"""Writing a target's firmware to a board."""

from __future__ import annotations

from pathlib import Path

from specc.check import CheckResult
from specc.codegen.schedule import scheduled
from specc.graph.planner import UnfitError
from specc.measure.backend import BackendError, BoardBackend, BuildOptions, Job, Progress, discover
from specc.measure.board_planning import beside_for_board, memory_decides, remember_flashed
from specc.measure.kernels import cannot_tune, resolve
from specc.measure.store import Store, store_path
from specc.numerics.quantize import quantize


def flash(checked: CheckResult, target: str, probe: str | None, build_folder: Path, progress: Progress) -> str:
    """Build a target's firmware and write it to the board; returns what was done, in one line.

    Args:
        checked: a spec without errors.
        target: name of the target that the board is.
        probe: serial number of the debug probe, where several are connected.
        build_folder: where the firmware is built.
        progress: told in one line what is being done.

    Raises:
        BackendError: there is no board support, the build failed, or the programmer is missing or failed. Its log,
            where there is one, is written into the build folder and named.
        QuantizationError: the network's numbers cannot be represented as the table asks.
        StoreError: the store of the build folder cannot be used.
    """
    spec, network = checked.spec, checked.network
    assert spec is not None and network is not None, "a spec with errors cannot be built"
    chosen = spec.target(target)
    for backend in discover():
        if isinstance(backend, BoardBackend) and backend.supports(chosen):
            try:
                with Store(store_path(build_folder)) as store:
                    beside, basis = beside_for_board(store, spec, chosen)
                planned = scheduled(spec, chosen, quantize(spec, network), beside)
                options, tunable = resolve(spec, chosen, planned, BuildOptions())
                if tunable:
                    raise cannot_tune(chosen)
                done = backend.flash(Job(spec, chosen, planned, build_folder, progress, options=options), probe)
                with Store(store_path(build_folder)) as store:
                    remember_flashed(store, spec, chosen, beside)
                return f"{done}; {basis}" if memory_decides(spec, chosen) else done
            except UnfitError as error:
                raise BackendError(str(error)) from error
            except BackendError as error:
                raise BackendError(_with_log(error, build_folder / "logs" / f"{target}.log"), error.log) from error
    raise BackendError(f"there is no board support for {chosen.hardware.name}, so it cannot be flashed")


def _with_log(error: BackendError, path: Path) -> str:
    """The error's message, with the place of its log, which is written."""
    if not error.log:
        return str(error)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(error.log, encoding="utf-8", errors="replace")
    return f"{str(error).splitlines()[0]} (log: {path})"
