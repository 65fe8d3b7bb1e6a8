/* As two_by_four.h, with weights of 4 or 2 bits: a quarter or an eighth of the flash, for no more than some cycles a code.
 *
 * A word has a weight of each of four filters in the lowest bits of either half: a pair of taps. The weights are moved by
 * half their range, to numbers from 0, so that one AND with a constant leaves a pair of one filter, and the place of its
 * bits only makes its sums that many bits higher. Then the word is shifted by 8, to the other two filters or, with 2 bits, to
 * the next pair of taps. With 4 bits that is per pair of taps and block 3 loads (4 cycles), 5 instructions to unpack and 8
 * SMLAD for 16 multiply-accumulates: 1.06 cycles each on a Cortex-M4; with 2 bits 1.03. Each code takes 2.5 cycles more than
 * in two_by_four.h. What moving the weights added is their shift times the sum of all values of the window, which is added up
 * once for all filters: 1.5 cycles for each value.
 *
 * VALUES: as in two_by_four.h, and behind them what moving the weights added to the sums of either position.
 * CONSTANTS, for each block of four filters: 4 biases, as high as the sums of their filters, the words, then as in
 * raised_codes.h.
 *
 * No include guard: included once per layer.
 */
#define MOVED (1 << (FIELD_BITS - 1))

/* A pair of taps of a filter, which `mask` leaves of the word in r12. */
#define FILTER(mask, first, second)                                                                                    \
    "and lr, r12, #" mask "\n\t"                                                                                       \
    "smlad " first ", r10, lr, " first "\n\t"                                                                          \
    "smlad " second ", r11, lr, " second "\n\t"
/* The values of the pair of taps that is `.Lstep` pairs on, and the word; the pointers have been moved on already by so many
 * pairs. The first loads move them, so that moving costs nothing. */
#define NEXT_VALUES(moved)                                                                                             \
    "ldr r11, [r0, #(4 + 8 * (.Lstep - " moved "))]\n\t"                                                               \
    "ldr r10, [r0, #(8 * (.Lstep - " moved "))]\n\t"
#define FIRST_LOADS(moved, bytes)                                                                                      \
    ".set .Lstep, 0\n\t"                                                                                               \
    "ldr r11, [r0, #4]\n\t"                                                                                            \
    "ldr r10, [r0], #(8 * " moved ")\n\t"                                                                              \
    "ldr r12, [r1], #(" bytes ")\n\t"
#define NEXT_STEP ".set .Lstep, .Lstep + 1\n\t"

#if FIELD_BITS == 4
#define FOUR_FILTERS                                                                                                   \
    FILTER("0x000F000F", "r2", "r6") FILTER("0x00F000F0", "r3", "r7")                                                  \
    "lsr r12, r12, #8\n\t" FILTER("0x000F000F", "r4", "r8") FILTER("0x00F000F0", "r5", "r9")
#define TAPS(count)                                                                                                    \
    FIRST_LOADS(count, "4 * " count) FOUR_FILTERS                                                                      \
    ".rept " count " - 1\n\t" NEXT_STEP NEXT_VALUES(count)                                                             \
    "ldr r12, [r1, #(4 * (.Lstep - " count "))]\n\t" FOUR_FILTERS                                                      \
    ".endr\n\t"
/* Sums of true weights, as high as those of a first filter. */
#define LESS_MOVED(a, b, c, d, moved)                                                                                  \
    "sub " a ", " a ", " moved "\n\t"                                                                                  \
    "rsb " b ", " moved ", " b ", asr #4\n\t"                                                                          \
    "sub " c ", " c ", " moved "\n\t"                                                                                  \
    "rsb " d ", " moved ", " d ", asr #4\n\t"
#else
#define FOUR_FILTERS                                                                                                   \
    FILTER("0x00030003", "r2", "r6") FILTER("0x000C000C", "r3", "r7")                                                  \
    FILTER("0x00300030", "r4", "r8") FILTER("0x00C000C0", "r5", "r9")
#define SECOND_PAIR(count)                                                                                             \
    NEXT_STEP NEXT_VALUES(count) "lsr r12, r12, #8\n\t" FOUR_FILTERS
#define TAPS(count)                                                                                                    \
    FIRST_LOADS(count, "2 * " count) FOUR_FILTERS SECOND_PAIR(count)                                                   \
    ".rept " count " / 2 - 1\n\t" NEXT_STEP NEXT_VALUES(count)                                                         \
    "ldr r12, [r1, #(2 * (.Lstep - " count "))]\n\t" FOUR_FILTERS SECOND_PAIR(count)                                   \
    ".endr\n\t"
#define LESS_MOVED(a, b, c, d, moved)                                                                                  \
    "sub " a ", " a ", " moved "\n\t"                                                                                  \
    "rsb " b ", " moved ", " b ", asr #2\n\t"                                                                          \
    "rsb " c ", " moved ", " c ", asr #4\n\t"                                                                          \
    "rsb " d ", " moved ", " d ", asr #6\n\t"
#endif

#define END_OF_TAPS                                                                                                    \
    "ldrd r10, r12, [r0]\n\t" LESS_MOVED("r2", "r3", "r4", "r5", "r10") LESS_MOVED("r6", "r7", "r8", "r9", "r12")

#include "raised_codes.h"
#include "two_positions.h"

/* Adds up the values of both windows, for what moving the weights added. */
static ALWAYS_INLINE void PER_LAYER(add_up)(uint32_t *values)
{
    int32_t first = 0, second = 0;
    _Pragma("clang loop unroll_count(4)") for (int32_t i = 0; i < PAIRS; i++) {
        first = multiply_pairs(values[2 * i], MOVED * 0x00010001, first);
        second = multiply_pairs(values[2 * i + 1], MOVED * 0x00010001, second);
    }
    values[2 * PAIRS] = (uint32_t)first;
    values[2 * PAIRS + 1] = (uint32_t)second;
}

#undef MOVED
#undef FILTER
#undef NEXT_VALUES
#undef FIRST_LOADS
#undef NEXT_STEP
#undef SECOND_PAIR
#undef LESS_MOVED
