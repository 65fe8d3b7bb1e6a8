/* As two_by_four.h, with weights of 8 bits: half the flash, and fewer loads, for more instructions.
 *
 * A word holds the weights of two filters for a pair of taps, so that one SXTB16 gives the pair of the one filter and
 * another that of the other. Per pair of taps and block: 2 loads of values and 2 of weights (6 cycles, for the last stands
 * alone), 4 SXTB16, and 8 SMLAD for 16 multiply-accumulates: 1.13 cycles each on a Cortex-M4 without wait states, against
 * 1.0 with weights of 16 bits. Where flash is slow, reading half as much of it can outweigh that.
 *
 * CONSTANTS, for each block of four filters: 4 biases, PAIRS times { filters 0 and 1; filters 2 and 3 }, 4 multipliers,
 * 4 bytes. A word of weights has, from its lowest byte: first tap of the first filter, of the second, second tap of the
 * first, of the second. The bytes say by how many bits the sums of each filter go up before they are rescaled: that is how
 * every filter has the same SHIFT here, 1 cycle per code and 0.5 to get at the byte.
 *
 * No include guard: included once per layer.
 */
/* A pair of taps of two filters, whose weights are in r12; each has a sum for either position. */
#define TWO_FILTERS(first, first_of_second, second, second_of_second)                                                  \
    "sxtb16 lr, r12\n\t"                                                                                               \
    "smlad " first ", r10, lr, " first "\n\t"                                                                          \
    "smlad " first_of_second ", r11, lr, " first_of_second "\n\t"                                                      \
    "sxtb16 r12, r12, ror #8\n\t"                                                                                      \
    "smlad " second ", r10, r12, " second "\n\t"                                                                       \
    "smlad " second_of_second ", r11, r12, " second_of_second "\n\t"

/* A pair of taps of four filters; the pointers have been moved on already by `moved` pairs. */
#define FOUR_FILTERS(moved)                                                                                            \
    TWO_FILTERS("r2", "r6", "r3", "r7")                                                                                \
    "ldr r12, [r1, #(4 + 8 * (.Lstep - " moved "))]\n\t" TWO_FILTERS("r4", "r8", "r5", "r9")

/* So many pairs of taps; the first loads move the pointers on, so that moving them costs nothing. */
#define TAPS(count)                                                                                                    \
    ".set .Lstep, 0\n\t"                                                                                               \
    "ldr r11, [r0, #4]\n\t"                                                                                            \
    "ldr r10, [r0], #(8 * " count ")\n\t"                                                                              \
    "ldr r12, [r1], #(8 * " count ")\n\t" FOUR_FILTERS(count)                                                          \
    ".rept " count " - 1\n\t"                                                                                          \
    ".set .Lstep, .Lstep + 1\n\t"                                                                                      \
    "ldr r11, [r0, #(4 + 8 * (.Lstep - " count "))]\n\t"                                                               \
    "ldr r10, [r0, #(8 * (.Lstep - " count "))]\n\t"                                                                   \
    "ldr r12, [r1, #(8 * (.Lstep - " count "))]\n\t" FOUR_FILTERS(count)                                               \
    ".endr\n\t"

#define END_OF_TAPS ""
#include "raised_codes.h"
#include "two_positions.h"

#undef TWO_FILTERS
