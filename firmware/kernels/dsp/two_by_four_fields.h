/* As two_by_four.h, with weights of 4 or 2 bits: a word for the taps of four filters, one pair of them or two.
 *
 * The lowest bits of either half hold a weight of each of four filters, the first lowest; those of a second pair follow.
 * Weights are moved to numbers from 0. Of 4 bits only those of a, b and c are; that of d keeps its sign, so that the word as it
 * is makes sums of a + 16 b + 256 c + 4096 d, less its highest fields sums of a + 16 b + 256 c, and so on: as there, sums are
 * told apart at the end, modulo 2^32. Per pair of taps and block: an LDRD and an LDR (5 cycles), 3 instructions to mask and 8
 * SMLAD for 16 multiply-accumulates: 1.0 cycles each on a Cortex-M4. Of 2 bits one AND leaves a filter's pair in place:
 * LDRD and half of LDR and LSR (4.5), 4 and 8: 1.03 each. Sums of b, c and d stay as high as
 * their weights, and those of a go up to those of b; all go up by RAISED bits more,
 * where that is not 0, because too few sums make one code.
 *
 * VALUES: as in two_by_four.h, and behind them what moving the weights added to the sums of either position.
 * CONSTANTS, for each block of four filters: what four sums begin with, biases as high as the sums, of 4 bits each with those
 * before it; the words; 4 multipliers. Shift and rounding as in two_by_four.h.
 *
 * No include guard: included once per layer.
 */
#define MOVED (1 << (FIELD_BITS - 1))

/* What `weights` of a filter add to its sums; the second position's goes on from `begin`. */
#define FILTER(sum, second, begin, weights)                                                                            \
    "smlad " second ", r11, " weights ", " begin "\n\t"                                                                \
    "smlad " sum ", r10, " weights ", " sum "\n\t"
#define BEFORE_TAPS ""
#define RAISE(a, b, c, d)                                                                                              \
    "lsl " a ", " a ", #" QUOTED(FIELD_BITS) " + " QUOTED(RAISED) "\n\t"                                                            \
    ".if " QUOTED(RAISED) " > 0\n\t"                                                                                   \
    "lsl " b ", " b ", #" QUOTED(RAISED) "\n\t"                                                                        \
    "lsl " c ", " c ", #" QUOTED(RAISED) "\n\t"                                                                        \
    "lsl " d ", " d ", #" QUOTED(RAISED) "\n\t"                                                                        \
    ".endif\n\t"

#if FIELD_BITS == 4
#define STEPS PAIRS
#define STEP_BYTES 8
#if LOADS_APART
#undef BEFORE_TAPS
#define BEFORE_TAPS                                                                                                    \
    "ldrd r10, r11, [r0]\n\t"                                                                                          \
    "ldr r12, [r1], #4\n\t"
#define STEP(a, b, c, d)                                                                                               \
    "smlad r9, r11, r12, " d "\n\t"                                                                                    \
    "bic lr, r12, #0xF000F000\n\t"                                                                                     \
    "smlad r5, r10, r12, r5\n\t" FILTER("r4", "r8", c, "lr")                                                           \
    "and lr, r12, #0x00FF00FF\n\t" FILTER("r3", "r7", b, "lr")                                                         \
    "and lr, r12, #0x000F000F\n\t"                                                                                     \
    "ldr r12, [r1], #4\n\t"                                                                                            \
    "smlad r6, r11, lr, " a "\n\t"                                                                                     \
    "ldr r11, [r0, #12]\n\t"                                                                                           \
    "smlad r2, r10, lr, r2\n\t"                                                                                        \
    "ldr r10, [r0, #8]!\n\t"
#define BEHIND_TAPS "sub r1, #4\n\t"
#else
#define STEP(a, b, c, d)                                                                                               \
    "ldrd r10, r11, [r0], #8\n\t"                                                                                      \
    "ldr r12, [r1], #4\n\t" FILTER("r5", "r9", d, "r12")                                                               \
    "bic lr, r12, #0xF000F000\n\t" FILTER("r4", "r8", c, "lr")                                                         \
    "and lr, r12, #0x00FF00FF\n\t" FILTER("r3", "r7", b, "lr")                                                         \
    "and lr, r12, #0x000F000F\n\t" FILTER("r2", "r6", a, "lr")
#define BEHIND_TAPS ""
#endif
#define TRUE_SUMS(a, b, c, d, moved)                                                                                   \
    "sub " d ", " d ", " c "\n\t"                                                                                      \
    "sub " c ", " c ", " b "\n\t"                                                                                      \
    "sub " b ", " b ", " a "\n\t"                                                                                      \
    "sub " a ", " a ", " moved "\n\t"                                                                                  \
    "sub " b ", " b ", " moved ", lsl #4\n\t"                                                                          \
    "sub " c ", " c ", " moved ", lsl #8\n\t"                                                                          \
    RAISE(a, b, c, d)
#else
#define STEPS (PAIRS / 2)
#define STEP_BYTES 16
#define MASKED(mask, sum, second, begin) "and lr, r12, #" mask "\n\t" FILTER(sum, second, begin, "lr")
#define PAIR(a, b, c, d)                                                                                               \
    MASKED("0x00030003", "r2", "r6", a) MASKED("0x000C000C", "r3", "r7", b)                                            \
    MASKED("0x00300030", "r4", "r8", c) MASKED("0x00C000C0", "r5", "r9", d)
#define STEP(a, b, c, d)                                                                                               \
    "ldrd r10, r11, [r0], #8\n\t"                                                                                      \
    "ldr r12, [r1], #4\n\t" PAIR(a, b, c, d)                                                                           \
    "ldrd r10, r11, [r0], #8\n\t"                                                                                      \
    "lsr r12, r12, #8\n\t" PAIR("r6", "r7", "r8", "r9")
#define BEHIND_TAPS ""
#define TRUE_SUMS(a, b, c, d, moved)                                                                                   \
    "sub " a ", " a ", " moved "\n\t"                                                                                  \
    "sub " b ", " b ", " moved ", lsl #2\n\t"                                                                          \
    "sub " c ", " c ", " moved ", lsl #4\n\t"                                                                          \
    "sub " d ", " d ", " moved ", lsl #6\n\t"                                                                          \
    RAISE(a, b, c, d)
#endif

#define END_OF_TAPS                                                                                                    \
    "ldrd r10, r11, [r0]\n\t" BEHIND_TAPS TRUE_SUMS("r2", "r3", "r4", "r5", "r10")                                     \
    TRUE_SUMS("r6", "r7", "r8", "r9", "r11")
#define HIGHER "lsl r11, r11, #" FIELD_BITS_TEXT "\n\t"
#define CODES                                                                                                          \
    "ldrd lr, r11, [sp, #8]\n\t"                                                                                       \
    "ldm r1!, {r10, r12}\n\t"                                                                                          \
    HIGH_WORD("r2", "r10") HIGH_WORD("r6", "r10") HIGH_WORD("r3", "r12") HIGH_WORD("r7", "r12")                        \
    "ldm r1!, {r10, r12}\n\t"                                                                                          \
    HIGHER SATURATE("r2", "0") HIGH_WORD("r4", "r10") SATURATE("r6", "0") HIGH_WORD("r8", "r10")                       \
    HIGHER SATURATE("r3", "0") HIGH_WORD("r5", "r12") SATURATE("r7", "0") HIGH_WORD("r9", "r12")                       \
    SATURATE("r4", FIELD_BITS_TEXT) SATURATE("r8", FIELD_BITS_TEXT)                                                    \
    SATURATE("r5", "2 * " FIELD_BITS_TEXT) SATURATE("r9", "2 * " FIELD_BITS_TEXT)                                      \
    FOUR_CODES("r6", "r7", "r8", "r9")                                                                                 \
    "str r6, [lr, #%c[filters]]\n\t"                                                                                   \
    FOUR_CODES("r2", "r3", "r4", "r5")                                                                                 \
    "str r2, [lr], #4\n\t"
#define FIELD_BITS_TEXT QUOTED(FIELD_BITS)

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
#undef MASKED
#undef PAIR
#undef BEHIND_TAPS
#undef TRUE_SUMS
#undef HIGHER
#undef RAISE
#undef FIELD_BITS_TEXT
#undef RAISED
