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
#define UNROLLED (PAIRS < 16 ? PAIRS : 8) /* pairs of taps per turn of the loop; a load moves its pointer by at most 15 */

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

/* The code of one sum, whose multiplier is in `multiplier` and whose shift is in the low byte of lr, to behind r0. */
#define CODE(sum, multiplier, place)                                                                                   \
    "lsl " sum ", " sum ", lr\n\t"                                                                                     \
    "smmla " sum ", " sum ", " multiplier ", r11\n\t"                                                                  \
    "ssat " sum ", #8, " sum ", asr #%c[shift]\n\t"                                                                    \
    "strb " sum ", [r0, #(" place ")]\n\t"

/* All filters' codes of two neighbouring positions. */
__attribute__((naked, noinline)) static void PER_LAYER(two_positions)(const uint32_t *values, const int32_t *constants,
                                                                      int8_t *output)
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
        "ldr r0, [sp, #8]\n\t"
        "ldr r11, [sp, #12]\n\t"
        "ldr lr, [r1, #16]\n\t"
        "ldr r10, [r1, #4]\n\t"
        "ldr r12, [r1], #20\n\t"
        CODE("r2", "r12", "0") CODE("r6", "r12", "%c[filters]")
        "lsr lr, lr, #8\n\t"
        CODE("r3", "r10", "1") CODE("r7", "r10", "%c[filters] + 1")
        "lsr lr, lr, #8\n\t"
        "ldr r10, [r1, #-8]\n\t"
        "ldr r12, [r1, #-12]\n\t"
        CODE("r4", "r12", "2") CODE("r8", "r12", "%c[filters] + 2")
        "lsr lr, lr, #8\n\t"
        CODE("r5", "r10", "3") CODE("r9", "r10", "%c[filters] + 3")
        "add r2, r0, #4\n\t"
        "str r2, [sp, #8]\n\t"
        "ldr r0, [sp]\n\t"
        "ldr r12, [sp, #48]\n\t"
        "cmp r1, r12\n\t"
        "bne 1b\n\t"
        "pop {r0-r12, pc}\n\t"
        :
        : [turns] "i"(PAIRS / UNROLLED), [looped] "i"(8 * (PAIRS / UNROLLED * UNROLLED)), [rest] "i"(PAIRS % UNROLLED), [unrolled] "i"(UNROLLED),
          [filters] "i"(FILTERS), [shift] "i"(SHIFT), [rounding_low] "i"((ROUNDING) & 0xFFFF),
          [rounding_high] "i"(((ROUNDING) >> 16) & 0xFFFF), [constants_low] "i"(sizeof(WEIGHTS) & 0xFFFF),
          [constants_high] "i"(sizeof(WEIGHTS) >> 16));
}

#undef UNROLLED
#undef TWO_FILTERS
#undef FOUR_FILTERS
#undef TAPS
#undef CODE
