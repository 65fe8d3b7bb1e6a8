/* The inner loop of convolutions and dense layers for cores with nothing but a 32-bit multiplication: four filters at a
 * time.
 *
 * The sums stay in the high registers, to which an addition reaches, so that the eight low ones hold four values, a word
 * of weights, a product and two pointers. Values come widened to 32 bits, four by one LDM (5 cycles on a Cortex-M0+), and
 * the loop takes 3: half a cycle for each multiply-accumulate. The rest is in fields.h.
 *
 * WEIGHTS, for each block of four filters: four weights of each filter, then the next four. No include guard: included once
 * per layer, which defines TAPS, the taps of a filter.
 */
#include "armv6m/fields.h"

#define FILTERS_AT_ONCE 4
#define QUADS ((TAPS + 3) / 4)

/* Adds the products of all values, which end at `end`, to the sums of four filters. */
__attribute__((naked, noinline)) static void PER_LAYER(four_filters)(const int32_t *values, const int32_t *weights,
                                                                     int32_t *sums, const int32_t *end)
{
    __asm__ volatile("push {r4-r7, lr}\n\t"
                     "mov r4, r8\n\t"
                     "mov r5, r9\n\t"
                     "mov r6, r10\n\t"
                     "mov r7, r11\n\t"
                     "push {r4-r7}\n\t"
                     "mov r12, r3\n\t"
                     "mov lr, r2\n\t"
                     "ldm r2!, {r4-r7}\n\t"
                     "mov r8, r4\n\t"
                     "mov r9, r5\n\t"
                     "mov r10, r6\n\t"
                     "mov r11, r7\n\t"
                     "1:\n\t"
                     "ldm r0!, {r2-r5}\n\t"
                     FOUR_TAPS
                     "cmp r0, r12\n\t"
                     "bne 1b\n\t"
                     "mov r0, lr\n\t"
                     "mov r4, r8\n\t"
                     "mov r5, r9\n\t"
                     "mov r6, r10\n\t"
                     "mov r7, r11\n\t"
                     "stm r0!, {r4-r7}\n\t"
                     "pop {r4-r7}\n\t"
                     "mov r8, r4\n\t"
                     "mov r9, r5\n\t"
                     "mov r10, r6\n\t"
                     "mov r11, r7\n\t"
                     "pop {r4-r7, pc}\n\t"
                     :
                     : [bits] "i"(FIELD_BITS));
}

/* The codes of `filters` filters of one position. */
static void PER_LAYER(codes)(const int32_t *values, OUTPUT_T *restrict output, const int32_t filters)
{
    for (int32_t filter = 0; filter < filters; filter += FILTERS_AT_ONCE) {
        const int32_t count = smaller(FILTERS_AT_ONCE, filters - filter);
        int32_t sums[FILTERS_AT_ONCE] = {0};
        for (int32_t i = 0; i < count; i++) {
            sums[i] = BIAS[filter + i];
        }
        PER_LAYER(four_filters)(values, WEIGHTS + filter / FILTERS_AT_ONCE * QUAD_WORDS * QUADS, sums, values + 4 * QUADS);
        for (int32_t i = 0; i < count; i++) {
            output[filter + i] =
                (OUTPUT_T)requantize(wrap(sums[i], ACCUMULATOR_BITS), MULTIPLIERS[filter + i], SHIFTS[filter + i],
                                     HIGH_SHIFTS, OUTPUT_ZERO_POINT, CLAMP_LOW, CLAMP_HIGH);
        }
    }
}

#undef QUAD_WORDS
#undef NEXT_WORD
#undef PRODUCT
#undef TAP
#undef LAST_TAP
#undef THREE_TAPS
#undef ONE_FILTER
#undef TWO_FILTERS
#undef FOUR_TAPS
