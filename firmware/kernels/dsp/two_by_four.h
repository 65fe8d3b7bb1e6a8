/* The inner loop of convolutions: two positions by four filters at a time, weights of 8 bits, 2 multiply-accumulates per SMLAD.
 *
 * A half of a word of weights is a + 256 b, the weights of two filters for a tap. SMLAD takes the word as it is, for sums of
 * a + 256 b, and by SXTB16 in place, for sums of a. At the end the one less the other is 256 times the sum of b, exact
 * modulo 2^32. So one instruction unpacks four weights, and a pair of taps needs two words of weights.
 *
 * Eight sums, two words of values, two of weights and two pointers fill the fourteen registers exactly, so this is
 * assembly. Per pair of taps and block: two LDRD (6 cycles), 2 SXTB16 and 8 SMLAD for 16 multiply-accumulates: 1.0 cycles
 * each on a Cortex-M4, and 0.02 for the loop, where there is one. LDRD takes its 3 cycles whatever stands before it. Four
 * LDR would take 5, but only where loads of two memories pipeline.
 *
 * With LOADS_APART, for cores that issue a load beside a multiplication, or make who uses a word just loaded wait (see
 * instructions.h), every load stands beside a SMLAD, two instructions or more before its use: 8 cycles on a Cortex-M7, 0.5
 * each, and 14 on a Cortex-M33, 0.9 each.
 *
 * The position that an odd number leaves over goes by itself: 1 load of a value and an LDRD of weights (5 cycles), 2
 * SXTB16 and 4 SMLAD for 8 multiply-accumulates, two thirds of the cycles of two positions.
 *
 * VALUES: PAIRS times { pair of the first position, pair of the second }, two 16-bit codes in each word.
 * CONSTANTS, for each block of four filters a, b, c, d: what four sums begin with, the biases of a and c and, modulo 2^32,
 * the sums a + 256 b and c + 256 d of biases, in the order of the filters; PAIRS times { word of a and b, word of c and d };
 * the multipliers of a, c, b, d.
 * Every filter has the same SHIFT: the difference is in its multiplier. A code is (high word of sum * multiplier + ROUNDING)
 * >> SHIFT, saturated, with the zero point part of ROUNDING: SMMLA, and SSAT or USAT. The sums of b and d stay 256 times as
 * high, and so do their roundings.
 *
 * No include guard: included once per layer.
 */
#define STEPS PAIRS
#define STEP_BYTES 8
/* One pair of taps. The sums of the second position go on from those named, in r2 to r5 where they begin. */
#if LOADS_APART
#define BEFORE_TAPS                                                                                                    \
    "ldrd r10, r11, [r0]\n\t"                                                                                          \
    "ldr r12, [r1]\n\t"
#define STEP(a, b, c, d)                                                                                               \
    "smlad r7, r11, r12, " b "\n\t"                                                                                    \
    "ldr lr, [r1, #4]\n\t"                                                                                             \
    "smlad r3, r10, r12, r3\n\t"                                                                                       \
    "sxtb16 r12, r12\n\t"                                                                                              \
    "smlad r9, r11, lr, " d "\n\t"                                                                                     \
    "smlad r5, r10, lr, r5\n\t"                                                                                        \
    "sxtb16 lr, lr\n\t"                                                                                                \
    "smlad r6, r11, r12, " a "\n\t"                                                                                    \
    "smlad r2, r10, r12, r2\n\t"                                                                                       \
    "ldr r12, [r1, #8]!\n\t"                                                                                           \
    "smlad r8, r11, lr, " c "\n\t"                                                                                     \
    "ldr r11, [r0, #12]\n\t"                                                                                           \
    "smlad r4, r10, lr, r4\n\t"                                                                                        \
    "ldr r10, [r0, #8]!\n\t"
#else
#define BEFORE_TAPS ""
#define STEP(a, b, c, d)                                                                                               \
    "ldrd r10, r11, [r0], #8\n\t"                                                                                      \
    "ldrd r12, lr, [r1], #8\n\t"                                                                                       \
    "smlad r7, r11, r12, " b "\n\t"                                                                                    \
    "smlad r3, r10, r12, r3\n\t"                                                                                       \
    "sxtb16 r12, r12\n\t"                                                                                              \
    "smlad r9, r11, lr, " d "\n\t"                                                                                     \
    "smlad r5, r10, lr, r5\n\t"                                                                                        \
    "sxtb16 lr, lr\n\t"                                                                                                \
    "smlad r6, r11, r12, " a "\n\t"                                                                                    \
    "smlad r2, r10, r12, r2\n\t"                                                                                       \
    "smlad r8, r11, lr, " c "\n\t"                                                                                     \
    "smlad r4, r10, lr, r4\n\t"
#endif
#define END_OF_TAPS                                                                                                    \
    "sub r3, r3, r2\n\t"                                                                                               \
    "sub r7, r7, r6\n\t"                                                                                               \
    "sub r5, r5, r4\n\t"                                                                                               \
    "sub r9, r9, r8\n\t"

/* The codes of all eight sums. */
#define CODES                                                                                                          \
    "ldrd lr, r11, [sp, #8]\n\t"                                                                                       \
    "ldm r1!, {r10, r12}\n\t"                                                                                          \
    HIGH_WORD("r2", "r10") HIGH_WORD("r6", "r10") HIGH_WORD("r4", "r12") HIGH_WORD("r8", "r12")                        \
    "ldm r1!, {r10, r12}\n\t"                                                                                          \
    "lsl r11, r11, #8\n\t"                                                                                             \
    SATURATE("r2", "0") HIGH_WORD("r3", "r10") SATURATE("r6", "0") HIGH_WORD("r7", "r10")                              \
    SATURATE("r4", "0") HIGH_WORD("r5", "r12") SATURATE("r8", "0") HIGH_WORD("r9", "r12")                              \
    SATURATE("r3", "8") SATURATE("r7", "8") SATURATE("r5", "8") SATURATE("r9", "8")                                    \
    FOUR_CODES("r6", "r7", "r8", "r9")                                                                                   \
    "str r6, [lr, #%c[filters]]\n\t"                                                                                   \
    FOUR_CODES("r2", "r3", "r4", "r5")                                                                                   \
    "str r2, [lr], #4\n\t"
#include "two_positions.h"

#if OUT_WIDTH % 2
#define ONE_UNROLLED (PAIRS < 16 ? PAIRS : 16) /* pairs of taps per turn of the loop */
#define FOUR_FILTERS_OF_ONE                                                                                            \
    "ldr r10, [r0], #8\n\t"                                                                                            \
    "ldrd r6, r7, [r1], #8\n\t"                                                                                        \
    "smlad r3, r10, r6, r3\n\t"                                                                                        \
    "sxtb16 r6, r6\n\t"                                                                                                \
    "smlad r5, r10, r7, r5\n\t"                                                                                        \
    "sxtb16 r7, r7\n\t"                                                                                                \
    "smlad r2, r10, r6, r2\n\t"                                                                                        \
    "smlad r4, r10, r7, r4\n\t"

/* All filters' codes of one position, whose pairs are the first of each two in `values`. */
__attribute__((naked, noinline)) static void PER_LAYER(one_position)(const uint32_t *values, const int32_t *constants,
                                                                     int8_t *output)
{
    __asm__ volatile(
        /* On the stack: values, the constants' end. */
        "push {r0, r1, r4-r11, lr}\n\t"
        "movw r4, #%c[constants_low]\n\t"
        "movt r4, #%c[constants_high]\n\t"
        "add r4, r1\n\t"
        "str r4, [sp, #4]\n\t"
        "mov r12, r2\n\t"
        "1:\n\t"
        "ldm r1!, {r2-r5}\n\t"
        ".if %c[turns] > 0\n\t"
        "movw lr, #%c[looped]\n\t"
        "add lr, r0\n\t"
        "2:\n\t"
        ".rept %c[unrolled]\n\t" FOUR_FILTERS_OF_ONE ".endr\n\t"
        ".if %c[turns] > 1\n\t"
        "cmp r0, lr\n\t"
        "bne 2b\n\t"
        ".endif\n\t"
        ".endif\n\t"
        ".rept %c[rest]\n\t" FOUR_FILTERS_OF_ONE ".endr\n\t"
        "ldm r1!, {r6-r9}\n\t"
        "movw r11, #%c[rounding_low]\n\t"
        "movt r11, #%c[rounding_high]\n\t"
        "sub r3, r3, r2\n\t"
        "sub r5, r5, r4\n\t"
        HIGH_WORD("r2", "r6") HIGH_WORD("r4", "r7")
        "lsl r11, r11, #8\n\t"
        SATURATE("r2", "0") HIGH_WORD("r3", "r8") SATURATE("r4", "0") HIGH_WORD("r5", "r9")
        SATURATE("r3", "8") SATURATE("r5", "8") FOUR_CODES("r2", "r3", "r4", "r5")
        "str r2, [r12], #4\n\t"
        "ldrd r0, lr, [sp]\n\t"
        "cmp r1, lr\n\t"
        "bne 1b\n\t"
        "pop {r0, r1, r4-r11, pc}\n\t"
        :
        : [turns] "i"(PAIRS / ONE_UNROLLED), [looped] "i"(8 * (PAIRS / ONE_UNROLLED * ONE_UNROLLED)),
          [rest] "i"(PAIRS % ONE_UNROLLED), [unrolled] "i"(ONE_UNROLLED), SATURATION,
          [rounding_low] "i"((ROUNDING) & 0xFFFF), [rounding_high] "i"(((ROUNDING) >> 16) & 0xFFFF),
          [constants_low] "i"(sizeof(WEIGHTS) & 0xFFFF), [constants_high] "i"(sizeof(WEIGHTS) >> 16));
}
#undef ONE_UNROLLED
#undef FOUR_FILTERS_OF_ONE
#endif
