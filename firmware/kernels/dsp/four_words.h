/* The taps of two positions by four filters with weights of 16 bits: a word of each filter for a pair of taps. For
 * two_positions.h. No include guard: included once per layer.
 *
 * Three LDRD (9 cycles) and 8 SMLAD for 16 multiply-accumulates: 1.06 cycles each on a Cortex-M4. With LOADS_APART, as in
 * two_by_four.h, 0.5 each on a Cortex-M7 and 0.9 on a Cortex-M33.
 */
#define STEPS PAIRS
#define STEP_BYTES 8
/* A filter's pair of taps, whose weights are in `weights`; the second position's sum goes on from `begin`. */
#define FILTER(sum, second, begin, weights)                                                                            \
    "smlad " second ", r11, " weights ", " begin "\n\t"                                                                \
    "smlad " sum ", r10, " weights ", " sum "\n\t"
#if LOADS_APART
#define BEFORE_TAPS                                                                                                    \
    "ldrd r10, r11, [r0]\n\t"                                                                                          \
    "ldr r12, [r1]\n\t"
#define STEP(a, b, c, d)                                                                                               \
    "smlad r6, r11, r12, " a "\n\t"                                                                                    \
    "ldr lr, [r1, #4]\n\t"                                                                                             \
    "smlad r2, r10, r12, r2\n\t"                                                                                       \
    "ldr r12, [r1, #8]\n\t" FILTER("r3", "r7", b, "lr")                                                                \
    "ldr lr, [r1, #12]\n\t" FILTER("r4", "r8", c, "r12")                                                               \
    "ldr r12, [r1, #16]!\n\t"                                                                                          \
    "smlad r9, r11, lr, " d "\n\t"                                                                                     \
    "ldr r11, [r0, #12]\n\t"                                                                                           \
    "smlad r5, r10, lr, r5\n\t"                                                                                        \
    "ldr r10, [r0, #8]!\n\t"
#else
#define BEFORE_TAPS ""
#define STEP(a, b, c, d)                                                                                               \
    "ldrd r10, r11, [r0], #8\n\t"                                                                                      \
    "ldrd r12, lr, [r1], #16\n\t" FILTER("r2", "r6", a, "r12") FILTER("r3", "r7", b, "lr")                             \
    "ldrd r12, lr, [r1, #-8]\n\t" FILTER("r4", "r8", c, "r12") FILTER("r5", "r9", d, "lr")
#endif
