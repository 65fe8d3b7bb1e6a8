"""The published results: whose they are, what trains, and that they are what the reference data say."""

import itertools
from pathlib import Path

import pytest

from specc.check import check
from specc.predict.networks import Mix, mix_of
from specc.predict.results import known_network, networks, published
from specc.resources import resource
from tests.tools.published_networks import architectures, mobilenet_v1, resnet_v1
from tests.tools.published_results import read, tables, zoo_network

ROOT = Path(__file__).resolve().parents[3]
DATA = ROOT.parent / "shared" / "data"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason=f"no reference data in {DATA}")


def test_every_result_names_its_source_and_its_software_or_says_why_it_trains_nothing() -> None:
    for one in published():
        assert one.source and one.collection and one.board and one.design
        assert one.network in networks()
        assert one.refusal or (one.family and one.kernels and one.clock and one.latency)
        assert all(value is None or value > 0 for value in (one.clock, one.latency, one.energy, one.supply))


def test_results_that_broke_the_rule_and_results_of_accelerators_train_nothing() -> None:
    broken = [one for one in published() if one.refusal.startswith("its run broke")]
    assert broken
    assert all(one.refusal for one in published() if one.accelerator)


def test_no_result_counts_twice() -> None:
    def key(one: object) -> tuple[object, ...]:
        fields = ("network", "board", "clock", "family", "latency", "energy")
        return tuple(getattr(one, name) for name in fields)

    runs = [(key(one), one.energy is not None, one.collection.endswith("energy run")) for one in published()]
    assert len(runs) == len(set(runs))


def test_chips_of_one_name_are_one_design() -> None:
    for (_, first), (_, second) in itertools.combinations({(one.design, one.target) for one in published()}, 2):
        assert not first or first != second
    assert {one.design for one in published() if one.board.lower().startswith("nucleo-l4r5")} == {"stm32l4+"}


def test_the_mix_of_the_keyword_spotter_is_counted_by_hand() -> None:
    checked = check(resource("specs", "kws.hwspec"))
    assert checked.network is not None
    mix = mix_of(checked.network)
    # 25 x 5 positions; first layer 64 filters of 10 x 4; four times 3 x 3 and 64 x 64; 64 features to 12 classes.
    assert (mix.conv, mix.depthwise, mix.pointwise, mix.dense) == (
        125 * 64 * 40,
        4 * 125 * 64 * 9,
        4 * 125 * 64 * 64,
        64 * 12,
    )
    assert mix.macs == 2_656_768
    assert mix.weights == 64 * 40 + 4 * (64 * 9 + 64 * 64) + 64 * 12
    assert mix.inputs == 49 * 10
    assert mix.outputs == 9 * 125 * 64 + 64 + 12 + 12
    assert known_network(mix) == "kws"


def test_a_network_that_differs_in_one_weight_is_another_one() -> None:
    mix = networks()["kws"]
    assert known_network(Mix(**{**vars(mix), "weights": mix.weights + 1})) is None


def test_built_networks_match_the_papers() -> None:
    # MobileNets, table 8: 569 million multiply-adds and 4.2 million parameters at 1.0 and 224; 41 million at 0.25.
    full, quarter = mobilenet_v1(1.0, 224, 3, 1000), mobilenet_v1(0.25, 224, 3, 1000)
    assert round(full.macs / 1e6) == 569 and round(full.parameters / 1e6, 1) == 4.2
    assert round(quarter.macs / 1e6) == 41
    # He et al., table 6: 0.46 million parameters with 32 layers (without the shortcuts' convolutions, ten classes).
    assert abs(resnet_v1(5, 10).parameters / 1e6 - 0.46) < 0.01
    # The reference model for visual wake words is a MobileNet v1 of 0.25 on 96 x 96.
    assert mix_of(mobilenet_v1(0.25, 96, 3, 2)) == networks()["vww"]


@needs_data
def test_the_tables_are_what_the_reference_data_give() -> None:
    for name, text in tables(DATA).items():
        assert text == resource("specs", f"published/{name}").read_text(encoding="utf-8"), (
            "run `python -m tests.tools.published_results ../shared/data`"
        )


@needs_data
def test_built_networks_have_the_weights_that_the_zoo_states() -> None:
    """The zoo's tables state the flash that weights take: 8-bit weights and 32-bit biases."""
    built = architectures()
    compared = set()
    for row in read(DATA / "stm32_zoo.csv"):
        name = zoo_network(row)
        on_core = "NPU" not in row["cpu"] and row["format"] == "Int8"
        # Grey pictures are stated with two different sizes of weights; ImageNet's v2 differs from its paper.
        if name in built and on_core and row["weights_flash_kib"] and "current" in row["snapshot"]:
            network = built[name][0]
            size = sum(layer.parameters for layer in network.layers) + 3 * sum(
                layer.output_shape[-1] for layer in network.layers if layer.weight_shape
            )
            assert size / 1024 == pytest.approx(float(row["weights_flash_kib"]), rel=0.01), name
            compared.add(name)
    assert len(compared) > 8
