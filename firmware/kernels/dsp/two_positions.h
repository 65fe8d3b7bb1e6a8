/* Two neighbouring positions by all filters, four at a time. Included by headers that define TAPS, the multiply-accumulates
 * of so many pairs of taps, END_OF_TAPS, what makes true sums of them, with r0 behind the values, and CODES, from the eight
 * sums in r2 to r9 to their codes behind r0: with r1 behind the taps' constants before, behind the block's after, and
 * ROUNDING in r11.
 *
 * No include guard: included once per layer.
 */
#define UNROLLED (PAIRS < 16 ? PAIRS : 8) /* pairs of taps per turn of the loop; a load moves its pointer by at most 15 */

/* All filters' codes of two neighbouring positions. */
__attribute__((naked, noinline)) static void PER_LAYER(two_positions)(const uint32_t *values, const int32_t *constants,
                                                                      void *output)
{
    __asm__ volatile(
        /* On the stack: values, the end of those that are looped over, output, rounding, ..., the constants' end. */
        "push {r0-r12, lr}\n\t"
        "movw r4, #%c[looped]\n\t"
        "add r4, r0\n\t"
        "movw r5, #%c[rounding_low]\n\t"
        "movt r5, #%c[rounding_high]\n\t"
        "movw r6, #%c[constants_low]\n\t"
        "movt r6, #%c[constants_high]\n\t"
        "add r6, r1\n\t"
        "str r4, [sp, #4]\n\t"
        "str r5, [sp, #12]\n\t"
        "str r6, [sp, #48]\n\t" /* in the place of r12, which is no one's */
        "1:\n\t"
        "ldm r1!, {r2-r5}\n\t"
        "mov r6, r2\n\t"
        "mov r7, r3\n\t"
        "mov r8, r4\n\t"
        "mov r9, r5\n\t"
        ".if %c[turns] > 0\n\t"
        "2:\n\t" TAPS("%c[unrolled]")
        ".if %c[turns] > 1\n\t"
        "ldr r12, [sp, #4]\n\t"
        "cmp r0, r12\n\t"
        "bne 2b\n\t"
        ".endif\n\t"
        ".endif\n\t"
        ".if %c[rest] > 0\n\t" TAPS("%c[rest]")
        ".endif\n\t"
        END_OF_TAPS
        "ldr r0, [sp, #8]\n\t"
        "ldr r11, [sp, #12]\n\t"
        CODES
        "add r2, r0, #4\n\t"
        "str r2, [sp, #8]\n\t"
        "ldr r0, [sp]\n\t"
        "ldr r12, [sp, #48]\n\t"
        "cmp r1, r12\n\t"
        "bne 1b\n\t"
        "pop {r0-r12, pc}\n\t"
        :
        : [turns] "i"(PAIRS / UNROLLED), [looped] "i"(8 * (PAIRS / UNROLLED * UNROLLED)), [rest] "i"(PAIRS % UNROLLED), [unrolled] "i"(UNROLLED),
          [filters] "i"(FILTERS), SATURATION, [rounding_low] "i"((ROUNDING) & 0xFFFF),
          [rounding_high] "i"(((ROUNDING) >> 16) & 0xFFFF), [constants_low] "i"(sizeof(WEIGHTS) & 0xFFFF),
          [constants_high] "i"(sizeof(WEIGHTS) >> 16));
}

#undef UNROLLED
#undef TAPS
#undef FOUR_FILTERS
#undef END_OF_TAPS
#undef CODES
