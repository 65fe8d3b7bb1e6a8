/* The taps of two positions by four filters with weights of 16 bits: a word of each filter for a pair of taps. For
 * two_positions.h. No include guard: included once per layer.
 */
/* Taps of the block at offsets behind the pointers, which have been moved on already by `moved` pairs. */
#define FOUR_FILTERS(moved)                                                                                            \
    "smlad r2, r10, r12, r2\n\t"                                                                                       \
    "smlad r6, r11, r12, r6\n\t"                                                                                       \
    "smlad r3, r10, lr, r3\n\t"                                                                                        \
    "smlad r7, r11, lr, r7\n\t"                                                                                        \
    "ldr lr, [r1, #(12 + 16 * (.Lstep - " moved "))]\n\t"                                                                \
    "ldr r12, [r1, #(8 + 16 * (.Lstep - " moved "))]\n\t"                                                                \
    "smlad r4, r10, r12, r4\n\t"                                                                                       \
    "smlad r8, r11, r12, r8\n\t"                                                                                       \
    "smlad r5, r10, lr, r5\n\t"                                                                                        \
    "smlad r9, r11, lr, r9\n\t"

/* So many pairs of taps; the first loads move the pointers on, so that moving them costs nothing. */
#define TAPS(count)                                                                                                    \
    ".set .Lstep, 0\n\t"                                                                                                 \
    "ldr r11, [r0, #4]\n\t"                                                                                            \
    "ldr r10, [r0], #(8 * " count ")\n\t"                                                                              \
    "ldr lr, [r1, #4]\n\t"                                                                                             \
    "ldr r12, [r1], #(16 * " count ")\n\t" FOUR_FILTERS(count)                                                         \
    ".rept " count " - 1\n\t"                                                                                          \
    ".set .Lstep, .Lstep + 1\n\t"                                                                                          \
    "ldr r11, [r0, #(4 + 8 * (.Lstep - " count "))]\n\t"                                                                 \
    "ldr r10, [r0, #(8 * (.Lstep - " count "))]\n\t"                                                                     \
    "ldr lr, [r1, #(4 + 16 * (.Lstep - " count "))]\n\t"                                                                 \
    "ldr r12, [r1, #(16 * (.Lstep - " count "))]\n\t" FOUR_FILTERS(count)                                                \
    ".endr\n\t"
