/* The inner loop of convolutions: two positions by four filters at a time, 2 multiply-accumulates per SMLAD.
 *
 * Eight sums, two words of values, two of weights and two pointers fill the fourteen registers exactly, so this is
 * assembly. Per pair of taps and block: 2 loads of values and 4 of weights, which pipeline in groups (8 cycles), and 8
 * SMLAD for 16 multiply-accumulates: 1.0 cycles each on a Cortex-M4, and 0.04 for the loop, where there is one.
 *
 * The position that an odd number leaves over goes by itself: 1 load of a value and 4 of weights (7 cycles) and 4 SMLAD
 * for 8 multiply-accumulates, two thirds of the cycles of two positions.
 *
 * VALUES: PAIRS times { pair of the first position, pair of the second }, two 16-bit codes in each word.
 * CONSTANTS, for each block of four filters: 4 biases, PAIRS times { pair of each filter }, 4 multipliers.
 * Every filter has the same SHIFT: the difference is in its weights, which have room for that in 16 bits. A code is
 * (high word of sum * multiplier + ROUNDING) >> SHIFT, saturated, with the zero point part of ROUNDING: SMMLA, and SSAT or
 * USAT.
 *
 * No include guard: included once per layer.
 */
#include "four_words.h"

/* The code of one sum, whose multiplier is in `multiplier`, to its place behind r0. */
#define CODE(sum, multiplier, place)                                                                                   \
    "smmla " sum ", " sum ", " multiplier ", r11\n\t"                                                                  \
    SATURATE(sum)                                                                                                      \
    "strb " sum ", [r0, #(" place ")]\n\t"

/* The codes of all eight sums. */
#define CODES                                                                                                          \
    "ldr r10, [r1, #4]\n\t"                                                                                            \
    "ldr r12, [r1], #16\n\t"                                                                                           \
    CODE("r2", "r12", "0") CODE("r6", "r12", "%c[filters]") CODE("r3", "r10", "1") CODE("r7", "r10", "%c[filters] + 1")\
    "ldr r10, [r1, #-4]\n\t"                                                                                           \
    "ldr r12, [r1, #-8]\n\t"                                                                                           \
    CODE("r4", "r12", "2") CODE("r8", "r12", "%c[filters] + 2") CODE("r5", "r10", "3") CODE("r9", "r10", "%c[filters] + 3")

#define END_OF_TAPS ""
#include "two_positions.h"

#if OUT_WIDTH % 2
#define ONE_UNROLLED (PAIRS < 8 ? PAIRS : 8) /* pairs of taps per turn of the loop */
#define FOUR_FILTERS_OF_ONE                                                                                            \
    "ldr r10, [r0], #8\n\t"                                                                                            \
    "ldm r1!, {r6-r9}\n\t"                                                                                             \
    "smlad r2, r10, r6, r2\n\t"                                                                                        \
    "smlad r3, r10, r7, r3\n\t"                                                                                        \
    "smlad r4, r10, r8, r4\n\t"                                                                                        \
    "smlad r5, r10, r9, r5\n\t"

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
        "movw r11, #%c[rounding_low]\n\t"
        "movt r11, #%c[rounding_high]\n\t"
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
        "mov r0, r12\n\t"
        CODE("r2", "r6", "0") CODE("r3", "r7", "1") CODE("r4", "r8", "2") CODE("r5", "r9", "3")
        "add r12, #4\n\t"
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

#undef CODE
