/* The codes of sums that have to go up by some bits first, so that every filter has the same SHIFT: 1 cycle per code and 0.5
 * to get at the bits. For two_positions.h; the block's constants end with 4 multipliers and a word of 4 bytes, one for the
 * bits of each filter. No include guard: included once per layer.
 */
/* The code of one sum, whose multiplier is in `multiplier` and whose shift is in the low byte of lr, to behind r0. */
#define CODE(sum, multiplier, place)                                                                                   \
    "lsl " sum ", " sum ", lr\n\t"                                                                                     \
    "smmla " sum ", " sum ", " multiplier ", r11\n\t"                                                                  \
    SATURATE(sum)                                                                                                      \
    "strb " sum ", [r0, #(" place ")]\n\t"

/* The codes of all eight sums; the next shift moves down into the low byte of lr each time. */
#define CODES                                                                                                          \
    "ldr lr, [r1, #16]\n\t"                                                                                            \
    "ldr r10, [r1, #4]\n\t"                                                                                            \
    "ldr r12, [r1], #20\n\t"                                                                                           \
    CODE("r2", "r12", "0") CODE("r6", "r12", "%c[filters]")                                                            \
    "lsr lr, lr, #8\n\t"                                                                                               \
    CODE("r3", "r10", "1") CODE("r7", "r10", "%c[filters] + 1")                                                        \
    "lsr lr, lr, #8\n\t"                                                                                               \
    "ldr r10, [r1, #-8]\n\t"                                                                                           \
    "ldr r12, [r1, #-12]\n\t"                                                                                          \
    CODE("r4", "r12", "2") CODE("r8", "r12", "%c[filters] + 2")                                                        \
    "lsr lr, lr, #8\n\t"                                                                                               \
    CODE("r5", "r10", "3") CODE("r9", "r10", "%c[filters] + 3")
