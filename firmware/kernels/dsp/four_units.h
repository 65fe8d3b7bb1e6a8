/* The loop over all features of four units of a fully connected layer. Included by kernels that define FOUR_UNITS, the
 * products of the four values at r0 with the weights at r1, added to r3 to r6, QUADS, their number, and UNROLLED, how many
 * a turn of the loop takes. No include guard: included once per layer.
 */
/* Adds the products of all features to the sums of four units. */
__attribute__((naked, noinline)) static void PER_LAYER(four_units)(const INPUT_T *values, const int32_t *weights,
                                                                   int32_t *sums)
{
    __asm__ volatile("push {r2, r4-r11, lr}\n\t"
                     "ldm r2, {r3-r6}\n\t"
                     ".if %c[looped] > 0\n\t"
                     "movw r2, #%c[looped]\n\t"
                     "add r2, r0\n\t"
                     "1:\n\t"
                     ".rept %c[unrolled]\n\t" FOUR_UNITS ".endr\n\t"
                     "cmp r0, r2\n\t"
                     "bne 1b\n\t"
                     ".endif\n\t"
                     ".rept %c[rest]\n\t" FOUR_UNITS ".endr\n\t"
                     "pop {r2}\n\t"
                     "stm r2, {r3-r6}\n\t"
                     "pop {r4-r11, pc}\n\t"
                     :
                     : [looped] "i"(4 * sizeof(INPUT_T) * (QUADS / UNROLLED * UNROLLED)), [rest] "i"(QUADS % UNROLLED),
                       [unrolled] "i"(UNROLLED));
}

#undef UNROLLED
#undef FOUR_UNITS
