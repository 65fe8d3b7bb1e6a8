"""Threads of a program for this computer: every part is done once, whoever does it, and the codes stay the same."""

import dataclasses
import os
import subprocess
from pathlib import Path

import pytest
from test_host_backend import job

from specc.codegen.generate import generate, render, thread_pool
from specc.codegen.kernels import GENERIC
from specc.codegen.toolchain import HOST_FLAGS, Toolchain
from specc.numerics import golden
from specc.numerics.inputs import draw_codes, to_bytes
from specc.resources import resource
from specc_backends.host import HostBackend, machine, sitting
from specc_backends.host.process import HostProcess

CALLS = 20_000
# Each call has as many parts as its number says, and each part counts itself; now and then the others fall asleep.
STRESS = """
#include "thread_pool.h"
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
enum { CALLS = %d, MOST = 131 };
static _Atomic int32_t done[MOST];
static void count(int32_t first, int32_t end) { for (; first < end; first++) { done[first]++; } }
int main(void) {
    for (int32_t call = 0; call < CALLS; call++) {
        const int32_t parts = 1 + call %% MOST;
        if (call %% 5000 == 4999) { nanosleep(&(struct timespec){0, 5000000}, 0); }
        parallel_for(count, parts);
        for (int32_t i = 0; i < MOST; i++) {
            if (done[i] != (i < parts)) {
                printf("call %%d: part %%d of %%d done %%d times", call, i, parts, done[i]);
                return 1;
            }
            done[i] = 0;
        }
    }
    return 0;
}
"""


@pytest.fixture(scope="module")
def stress(toolchain: Toolchain, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of nothing but calls of the pool."""
    folder = tmp_path_factory.mktemp("stress")
    (folder / "stress.c").write_text(STRESS % CALLS)
    pool, header = thread_pool()
    include = [header.parent, resource("firmware", "kernels")]
    flags = (*HOST_FLAGS, "-O2", "-D_POSIX_C_SOURCE=200809L")
    assert toolchain.compile([folder / "stress.c", pool], folder / "stress", flags, include) == ""
    return folder / "stress"


@pytest.mark.parametrize("threads", ["", "0", "1", "2", "5", "64", "1000"])
def test_every_part_is_done_once(stress: Path, threads: str) -> None:
    """Five and more threads are more than most processors: some are always late, and the others do their parts."""
    environment = os.environ | {"SPECC_THREADS": threads}
    done = subprocess.run([stress], env=environment, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="the system does not tell a program's threads")
def test_as_many_threads_as_were_asked_for_each_on_a_processor_of_its_own(toolchain: Toolchain, tmp_path: Path) -> None:
    own = job(toolchain.build_folder)
    code = generate(own.network, tmp_path / "source", threads=2)
    sources = [*code.sources, resource("firmware", "host/board.c")]
    toolchain.compile(sources, tmp_path / "network", (*HOST_FLAGS, "-O2"), code.include_folders)
    for threads in (1, 2):
        cpus = machine.chosen_cpus(threads)
        with HostProcess(tmp_path / "network", cpus, 10, threads) as process:
            process.hello()
            assert len(process.threads()) == threads
            assert [os.sched_getaffinity(thread) for thread in process.threads()][: len(cpus)] == [
                {cpu} for cpu in cpus
            ]


def test_generic_kernels_by_threads_give_the_codes_of_the_model(toolchain: Toolchain, tmp_path: Path) -> None:
    own = job(toolchain.build_folder)
    code = generate(own.network, tmp_path / "source", GENERIC, threads=3)
    sources = [*code.sources, resource("firmware", "host/board.c")]
    assert toolchain.compile(sources, tmp_path / "network", (*HOST_FLAGS, "-O2"), code.include_folders) == ""
    codes = draw_codes(own.spec.model.input, own.network, 4, 1)
    expected = golden.run(own.network, codes)
    graph = own.network.network
    with HostProcess(tmp_path / "network", (), 10, threads=3) as process:
        for index, one in enumerate(codes):
            outputs, _ = process.trace(to_bytes(one, own.network.formats[graph.input]), len(graph.layers))
            for layer, output in zip(graph.layers, outputs, strict=True):
                assert output == to_bytes(expected[layer.name][index], own.network.formats[layer.name]), layer.name


def test_one_thread_needs_no_pool(tmp_path: Path) -> None:
    own = job(tmp_path)
    assert "every_part.h" not in render(own.network)["network.c"]
    assert "every_part.h" in render(own.network, threads=2)["network.c"]


def test_no_more_threads_than_processors() -> None:
    usable = len(machine.chosen_cpus(1024)) or os.cpu_count() or 1
    assert [machine.thread_count(cores) for cores in (1, usable, usable + 1, 1024)] == [1, *[usable] * 3]


def test_a_measurement_by_as_many_threads_as_can_run(toolchain: Toolchain, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sitting, "SAMPLES_AT_MOST", sitting.SAMPLES_AT_LEAST)
    own = job(toolchain.build_folder)
    own = dataclasses.replace(own, target=own.target.model_copy(update={"cores": 1024}))
    measured = HostBackend().measure(own, "the key")
    usable = machine.thread_count(1024)
    assert measured.output_matches_golden
    said = " ".join(measured.notes)
    assert "1024 cores are declared" in said and "so many threads were measured" in said
    conditions = " ".join(measured.provenance.model_assumptions)
    assert (f"{usable} threads" if usable > 1 else "one thread") in conditions
    # What further threads are good for is measured, whichever way it turns out.
    assert ("than one" in said or "as fast as one" in said) == (usable > 1)
    for baseline in measured.baselines:
        assert baseline.latency.best.basis.startswith(f"{usable} threads" if usable > 1 else "one thread")
    assert {layer.name for layer in measured.layers if layer.counters} <= {"c", "p", "d"}


def test_the_key_tells_threads_apart(tmp_path: Path) -> None:
    own = job(tmp_path)
    two = dataclasses.replace(own, target=own.target.model_copy(update={"cores": 2}))
    assert HostBackend().key(own) != HostBackend().key(two)
