"""Codes of what the checker proves (E21xx, E3xxx, E4xxx, E5xxx and their warnings)."""

from __future__ import annotations

from typing import Literal

from specc.diagnostics.code import Code, register


def _code(
    identifier: str,
    severity: Literal["error", "warning", "note"],
    title: str,
    explanation: str,
    *,
    infeasible: bool = False,
) -> Code:
    """A code whose explanation is a block of text with its line breaks."""
    return Code(identifier, severity, title, explanation.strip(), infeasible)


register(
    _code(
        "E2101",
        "error",
        "a layer cannot take its input",
        """
The shape that arrives at a layer is not one it can work on: a kernel is larger than the image, a
convolution is given a plain vector, or an `add` two different shapes. Nothing behind such a layer
has a shape, so no further rule runs.

    input   frame 4x4x1
    conv    c1 { kernel 5x5, filters 8 }      # 5x5 does not fit into 4x4

`padding same` pads the image so that any kernel fits; `padding valid` (the default) needs a kernel
no larger than the image. A `dense` takes an image of any size and reads it as one vector.
""",
    ),
    _code(
        "E2102",
        "error",
        "weights do not fit the network",
        """
A file of weights holds `LAYER.weights` for every layer that has some, in the shape that the message
shows: filters x height x width x channels for conv, height x width x channels for dwconv, units x
inputs for dense.

    conv    first { kernel 3x3, filters 8 }   # behind 28x28x1: first.weights is 8x3x3x1
    weights from "trained.npz"

`LAYER.bias` is zero if it is left out, and `TENSOR.range` need not be there. Names that belong to
no layer are refused: a misspelt one would be left out in silence.
""",
    ),
    _code(
        "N2103",
        "note",
        "a network without weights cannot be measured",
        """
The spec sets limits that only a measurement can decide, and the model says nothing about weights.
`specc check` proves what it can without them; `specc measure`, `verify` and `report` need them.

    model m {
      input x 8
      dense d { units 2 }
      weights seed 42            # drawn by a fixed generator: enough for time, memory and energy
    }

`weights from "trained.npz"` takes trained ones, which accuracy needs. A model from a file brings
its own.
""",
    ),
)

register(
    _code(
        "E3101",
        "error",
        "the codes cannot hold the range at the step",
        """
A fixed-point code counts steps. A range of ±R at a step of S has 2*floor(R/S)+1 values, and b bits
hold 2^b of them. If there are fewer codes than values, everything beyond the covered part is
clipped.

    | layer | bits | range | step |
    | ----- | ---- | ----- | ---- |
    | conv  | 8    | ±3.2  | 0.01 |      # 641 values, 256 codes: only -1.28 to 1.27 is covered

There are three repairs: more bits, a coarser step, or a smaller range. A guard bit counts as a bit:
it doubles the codes.
""",
    ),
    _code(
        "W3102",
        "warning",
        "more bits than the range and step can use",
        """
The range at the step has fewer values than the bits have codes, so the top bits never change.

    | layer | bits | range | step   |
    | ----- | ---- | ----- | ------ |
    | mlp2  | 16   | ±1.0  | 0.0003 |    # 6,667 values need 13 bits: 3 are surplus

Fewer bits make products shorter and keep accumulators from overflowing; memory is saved where a
smaller container (8 or 16 bits) is enough. Or use the bits: make the step finer.
""",
    ),
    _code(
        "W3103",
        "warning",
        "the range is not on the grid",
        """
Codes are whole multiples of the step. A range between two multiples is never reached: the largest
value that a code can stand for is the multiple below it.

    | layer | bits | range | step   |
    | ----- | ---- | ----- | ------ |
    | mlp2  | 13   | ±1.0  | 0.0003 |    # 3333 steps are 0.9999, 3334 are 1.0002

State the value that the grid really reaches, or a step that divides the range.
""",
    ),
    _code(
        "E3104",
        "error",
        "a layer with weights has no row in the quantization table",
        """
The table says how the weights and the input of each layer are represented. A layer with weights
that no row governs has no integer arithmetic, and guessing one would make every figure behind it a
guess.

    dense mlp1 { units 32 }
    dense mlp2 { units 16 }
    quantization m {
      | layer | bits | range      |
      | ----- | ---- | ---------- |
      | mlp1  | 8    | calibrated |         # and mlp2?
    }

Add a row for the layer, or a row `*`, which governs every layer without one of its own.
""",
    ),
    _code(
        "W3105",
        "warning",
        "a row for a layer without weights",
        """
A row governs a layer's weights and its input activation. A pool, a ReLU or a softmax has no
weights, so its row does no more than set the width of its input, which is seldom what was meant.

    avgpool gap { global }
    | gap | 16 | ±1.0 | 0.0001 |

Give the row to the layer with weights before or behind it.
""",
    ),
    _code(
        "W3106",
        "warning",
        "calibration without an input distribution",
        """
A `calibrated` row takes its scales from the values that flow through the network, and those depend
on what arrives at its input. Nothing can be measured before the spec says so.

    input features 49x10x1 { distribution uniform ±1 }

Declare a distribution, or give each row a range and a step. A file of trained weights may hold the
ranges that training saw; what it holds is not observed.
""",
    ),
    _code(
        "E3110",
        "error",
        "the accumulator overflows within the stated ranges",
        """
A layer adds products of codes. Even if every code stays within the range that its row states, the
largest sum does not fit the accumulator, and a sum that wraps has the wrong sign.

    sum of n products: n * max|input code| * max|weight code| must be below 2^(accumulator bits - 1)

Take fewer bits, or widen the accumulator: kernels have up to 32 bits of it. A fused average pool
sums over all its pixels as well and needs log2(pixels) bits more.
""",
    ),
    _code(
        "W3111",
        "warning",
        "the accumulator can overflow at full codes",
        """
If every code of the declared width could occur, the sum of products would not fit the accumulator.

    | mlp2 | 16 | ±1.0 | 0.0003 | 32 |     # 32 products of 16x16 bits need 37 bits

Where the stated ranges are narrower than the codes, the sum may still fit, and then the arithmetic
is safe only because values are clipped to the range. Fewer bits make it safe by construction, and
so does a wider accumulator, of up to 32 bits: no kernel has one of more.
""",
    ),
)

register(
    _code(
        "E4101",
        "error",
        "a latency budget is impossible",
        """
The multiply-accumulates of the layers, divided by the most that the core can do per cycle, already
take longer than the budget. Loads, stores and loops only add to it. The message names the
instruction model it assumes; code that packed more products into one multiplication than the model
counts would be outside of it.

    # 147,456 MACs at 2 per cycle are 73,728 cycles; 0.4 ms at 168 MHz are 67,200
    latency conv <= 0.4 ms

On Cortex-M0+, M3 and M4, whose manuals give the cycles of loads and stores, memory is a second
bound: each weight is loaded, each input code read and each output code written once, at 4 bytes per
cycle at most. A layer's bound is the larger of the two, never their sum, and a group or the total
adds up its layers. The message gives the bytes only where the arithmetic alone would fit.

    # a global pool of 32x32x16 codes, 8 bits each: 16,384 bytes in and 16 out at 4 per cycle are
    # 4,100 cycles; 20 us at 168 MHz are 3,360
    latency gap <= 20 us

Tensors inside a declared fusion are not counted, nor are biases, and nor are the outputs of ReLU
and max pool, which may work in place.

The proof holds for direct schedules, which run layer after layer as declared and do each
multiplication of the layer's definition. An exact rewrite can do less: a convolution without
activation in front of a global average pool may sum its windows first (`fuse conv+gap as
window_sums`). Otherwise: a faster clock, a core with wider arithmetic, a smaller layer, more time.
""",
        infeasible=True,
    ),
    _code(
        "E4102",
        "error",
        "an SRAM limit is impossible",
        """
Every schedule that the spec permits keeps more bytes alive at once than the limit or the hardware
allows. Counted are activations in their containers (8, 16 or 32 bits) and, where the hardware has
no flash, weights and biases; stack and other data come on top.

    input frame 32x32x16        # 16,384 B at 8 bits
    memory sram <= 12 KiB       # 12,288 B

Streaming the input by rows (`input frame 32x32x16 { stream rows }`) keeps only the rows under the
kernel, and fusing a convolution with its global pool keeps no image between them (`schedule m {
fuse conv+gap }`). Both must be declared, because they change how the application hands over its
data and which code is made.
""",
        infeasible=True,
    ),
    _code(
        "E4103",
        "error",
        "a flash limit is impossible",
        """
Weights and biases alone are larger than the limit or than the flash of the hardware. Code and
constants come on top.

    dense d { units 1000 }      # of 1000 features: 1,000,000 weights, 4,000 B of biases
    memory flash <= 512 KiB

Narrower weights, a smaller layer, or more flash.
""",
        infeasible=True,
    ),
    _code(
        "E4104",
        "error",
        "the parts of a budget exceed its total",
        """
The limits of the parts add up to more than the limit of the whole, so the parts may all be kept and
the total broken.

    latency total    <= 1 ms
    latency conv     <= 0.8 ms
    latency overhead <= 0.3 ms      # together 1.1 ms

Lower a part or raise the total.
""",
    ),
    _code(
        "W4105",
        "warning",
        "the parts of a budget leave no slack",
        """
The limits of the parts add up to exactly the total. Whatever is in no part has no time at all, and
whoever misses a part by anything breaks the total with it.

    latency total     <= 1 ms
    latency conv      <= 0.4 ms
    latency mlp1+mlp2 <= 0.5 ms
    latency overhead  <= 0.1 ms     # together 1 ms; a pooling layer would have to take no time

Keep a reserve.
""",
    ),
    _code(
        "W4106",
        "warning",
        "a memory limit is above what the hardware has",
        """
The limit is larger than the memory of the hardware, so the hardware binds first and the line says
nothing.

    memory sram <= 1 MiB            # on a chip with 192 KiB

State the memory that the application really leaves to the network.
""",
    ),
    _code(
        "E4107",
        "error",
        "a limit on a memory that the core does not have",
        """
The line bounds an L1 cache on a core that has none: Cortex-M0+, M3, M4 and M33 read SRAM directly.
Some chips put a vendor's cache in front of their flash; it is no L1 and holds no data that the
network writes.

    target m4 { use stm32f407 }
    budget m4 { memory l1 <= 16 KiB }

Bound `memory sram` instead.
""",
    ),
    _code(
        "W4108",
        "warning",
        "a line that cannot be decided",
        """
The line needs a fact that the hardware does not state: active power for an energy limit, the size
of the L1 cache for a limit on it, a price. specc never fills a fact in, so the verdict will be
"undecided".

    target xeon { use host }                    # states no L1
    budget xeon { memory l1 <= 1 MiB per core }

State the fact in a `hardware` section with its source, measure it, or remove the line. A line of
`budget all` is judged where it can be and reported only if no target can judge it.
""",
    ),
    _code(
        "E4109",
        "error",
        "a clock above what the hardware allows",
        """
The target is clocked faster than the highest clock that the hardware's source states. Figures at
that clock would describe no device.

    target m4 { use stm32f407, clock 200 MHz }  # at most 168 MHz
""",
    ),
    _code(
        "W4110",
        "warning",
        "no budget binds a target",
        """
The target will be measured, but without a budget it can neither pass nor fail, and no
recommendation can rest on it.

    target m4 { use stm32f407 }
    budget m4 { latency total <= 10 ms }

Lines that hold for every target go into `budget all`.
""",
    ),
    _code(
        "E4111",
        "error",
        "layers cannot be fused",
        """
Fused layers run as one: nothing is kept between them. So each of them must be read by the next one
alone. And `window_sums` must be exact: a convolution without activation, then a global average
pool, with an accumulator that holds the sum over the whole image. Tiles are columns of the output
of layers that slide windows or work value by value, fewer than it has, and every tile reads all
rows of the input once more: it cannot arrive by rows.

    dwconv  conv { kernel 3x3, padding same, activation relu }
    avgpool gap  { global }
    schedule m { fuse conv+gap as window_sums }     # relu stands between the products and the sum
""",
    ),
    _code(
        "E4112",
        "error",
        "battery or mean power cannot carry the rate",
        """
A rate of inferences takes time and energy. The checker counts the fewest cycles that the network
can take on the core (of its arithmetic, or of its loads and stores, as for E4101), at the least
power that a source states for that clock, and the sleep between the inferences at the least that is
stated, or for nothing. Even so the battery is empty too soon,
the mean power is too high, or there is no time for so many inferences.

    battery 220 mAh at 3 V
    life >= 1 year at 2 Hz              # 75.3 µW in the mean, at most 37.6 µJ per inference
""",
        infeasible=True,
    ),
)

register(
    _code(
        "W4113",
        "warning",
        "kernels that a target cannot be built with",
        """
Kernels are chosen layer by layer, tuned, and given weights in SRAM on Cortex-M boards. A program
for this computer has the fastest kernels or the generic ones, for all layers; an accelerator runs
its own, and no code of specc with rewrites to switch off. A target that is asked for more is not
measured.

    kernels all { use tuned }     # one of the targets is a computer

Name the boards in place of `all`.
""",
    ),
    _code(
        "E4114",
        "error",
        "an input that cannot arrive by rows",
        """
`stream rows` promises that the input is never in memory as a whole: the program reads a row, runs
as far as it can, and reads the next. Convolutions and pools can do that. A layer that needs every
value at once cannot. Where several layers read the input, they have to run together, for which
`schedule { rows least }` asks.

    input   frame 8x8x1 { stream rows }
    flatten values                      # needs all of frame
    dense   classes { units 4 }

Else leave `stream rows` out, or put a convolution or a pool first.
""",
    ),
    _code(
        "E5101",
        "error",
        "a counter that the core does not have",
        """
Cortex-M0+, M3, M4, M7 and M33 have no performance monitoring unit: that starts with Armv8.1-M
(Cortex-M55). They cannot count cache misses or mispredicted branches, and those without a cache
have no misses to report.

    instrument m4 { cycles, cache_misses }

Cortex-M3, M4, M7 and M33 count cycles (DWT->CYCCNT, 32 bits). The virtual board counts
instructions, loads, stores, branches and wait cycles as well.
""",
    ),
    _code(
        "W5102",
        "warning",
        "a counter too narrow to be read",
        """
The DWT of Cortex-M3, M4, M7 and M33 counts stalls in 8 bits. The counter wraps every 256 events,
far more often than firmware can read it, so the difference of two readings says little.

    instrument m4 { cycles, fetch_stalls }

The counts are exact only through trace (a packet at every wrap) or on the virtual board, which
counts them in full.
""",
    ),
    _code(
        "E5103",
        "error",
        "a power sensor too slow for its sampling rule",
        """
A sensor that averages n conversions delivers one reading per n conversion times, half as many if it
converts two voltages in turn.

    sensor ina226 { averages 128, conversion 1.1 ms, sample >= 1 kHz }
    # 128 * 1.1 ms = 140.8 ms: 7.1 readings/s

Average less, convert faster, or ask for fewer samples. `sensor adc` is a recorder on a serial line,
which delivers 2,500 samples/s and no more.
""",
    ),
    _code(
        "E5104",
        "error",
        "a gradient contract without an input distribution",
        """
Gradients depend on the inputs that arrive, so a limit on their statistics means nothing until these
are stated. White noise averages away in a pool; recorded frames do not.

    input frame 32x32x16 { distribution normal 0.5 }
    harness { gradient variance <= 5 % }
""",
    ),
    _code(
        "W5105",
        "warning",
        "a drift limit that the iterations cannot resolve",
        """
Two runs with fresh seeds draw different inputs, so their statistics differ by chance. A limit far
below that scatter fails or passes by luck. The scatter falls with the square root of the
iterations.

    harness { iterations 10_000, seed fresh, gradient drift < 0.01 % }
    # chance alone: about 2 %; resolving 0.01 % takes hundreds of millions of iterations

State a limit that can be resolved, or fix the seed: then two runs must agree bit for bit.
""",
    ),
    _code(
        "E5106",
        "error",
        "a device cannot compute these gradients",
        """
The backward pass is built for the dense layers at the end of a network, up to the first layer of
another kind; a softmax may stand behind the last of them. Without one, the cross-entropy reads
exponentials from a table with an entry for each code of the output, so that has at most 12 bits.

    dense   digit { units 10 }      # the last layer
    harness { iterations 10_000, gradient on device }

`specc precision` judges the gradients of every layer, on this computer.
""",
    ),
)
