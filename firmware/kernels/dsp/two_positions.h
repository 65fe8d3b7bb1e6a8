/* Two neighbouring positions by all filters, four at a time. Included by headers that define
 *
 * STEPS, how many a window takes, and STEP: one of them, STEP_BYTES of values; the sums of the second position go on from
 * the registers that it names.
 * BEFORE_TAPS: what each block's first step expects to have been loaded.
 * END_OF_TAPS: what makes true sums of them, with r0 behind the values.
 * CODES: from the eight sums in r2 to r9 to their codes: with r1 behind the taps' constants before, behind the block's after;
 * with their place at [sp, #8] before, that of the next ones in lr after; and with ROUNDING at [sp, #12].
 *
 * No include guard: included once per layer.
 */
#define UNROLLED 16 /* steps per turn of the loop: with its end, it fits into an instruction cache of 1 KiB */
#define LOOPED (STEPS > UNROLLED ? STEPS / UNROLLED * UNROLLED : 0) /* else the sums begin with the first step */

/* All filters' codes of two neighbouring positions. */
__attribute__((naked, noinline)) static void PER_LAYER(two_positions)(const uint32_t *values, const int32_t *constants,
                                                                      void *output)
{
    __asm__ volatile(
        "push {r4-r11, lr}\n\t"
        "mov r3, r2\n\t"
        "movw r2, #%c[constants_low]\n\t"
        ".if %c[constants_high] > 0\n\tmovt r2, #%c[constants_high]\n\t.endif\n\t"
        "add r2, r1\n\t"
        "movw r4, #%c[rounding_low]\n\t"
        "movt r4, #%c[rounding_high]\n\t"
        ".if %c[looped] > 0\n\t"
        "movw r5, #%c[looped]\n\t"
        "add r5, r0\n\t"
        ".endif\n\t"
        "push {r0, r2-r5}\n\t" /* values, the constants' end, output, rounding, the end of values that are looped over */
        "1:\n\t"
        "ldm r1!, {r2-r5}\n\t" BEFORE_TAPS
        ".if %c[looped] > 0\n\t"
        "mov r6, r2\n\t"
        "mov r7, r3\n\t"
        "mov r8, r4\n\t"
        "mov r9, r5\n\t"
        "2:\n\t"
        ".rept %c[unrolled]\n\t" STEP("r6", "r7", "r8", "r9") ".endr\n\t"
        ".if %c[turns] > 1\n\t"
        "ldr lr, [sp, #16]\n\t"
        "cmp r0, lr\n\t"
        "bne 2b\n\t"
        ".endif\n\t"
        ".rept %c[rest]\n\t" STEP("r6", "r7", "r8", "r9") ".endr\n\t"
        ".else\n\t" STEP("r2", "r3", "r4", "r5")
        ".rept %c[rest] - 1\n\t" STEP("r6", "r7", "r8", "r9") ".endr\n\t"
        ".endif\n\t" END_OF_TAPS CODES
        "str lr, [sp, #8]\n\t"
        "ldrd r0, r12, [sp]\n\t"
        "cmp r1, r12\n\t"
        "bne 1b\n\t"
        "add sp, #20\n\t"
        "pop {r4-r11, pc}\n\t"
        :
        : [looped] "i"(STEP_BYTES * LOOPED), [turns] "i"(LOOPED / UNROLLED), [rest] "i"(STEPS - LOOPED),
          [unrolled] "i"(UNROLLED), [filters] "i"(FILTERS),
          SATURATION, [rounding_low] "i"((ROUNDING) & 0xFFFF), [rounding_high] "i"(((ROUNDING) >> 16) & 0xFFFF),
          [constants_low] "i"(sizeof(WEIGHTS) & 0xFFFF), [constants_high] "i"(sizeof(WEIGHTS) >> 16));
}

#undef UNROLLED
#undef LOOPED
#undef STEPS
#undef STEP_BYTES
#undef STEP
#undef BEFORE_TAPS
#undef END_OF_TAPS
#undef CODES
