/* How the weights of four filters come out of their words, for four_filters.h: four weights of the first filter, from the
 * lowest bits on, then of the next, FIELD_BITS each.
 *
 * With fields of 8 bits a word takes 2 cycles to load and 6 to take apart, and its four products 8: 4.0 cycles for a
 * multiply-accumulate. A narrower field takes 2 cycles to take out, but for the last of a word 1: 4.1 with the loads, for a
 * half or a quarter of the flash. No include guard: included once per layer.
 */
#define QUAD_WORDS (16 * FIELD_BITS / 32)
#define NEXT_WORD "ldm r1!, {r6}\n\t"

/* The product with a value of the weight above which the word has so many fields. */
#define PRODUCT(value, sum)                                                                                            \
    "muls r7, " value ", r7\n\t"                                                                                       \
    "add " sum ", r7\n\t"
#define TAP(value, sum, above)                                                                                         \
    "lsls r7, r6, #(" above " * %c[bits])\n\t"                                                                         \
    "asrs r7, r7, #(32 - %c[bits])\n\t" PRODUCT(value, sum)
#define LAST_TAP(sum)                                                                                                  \
    "asrs r6, r6, #(32 - %c[bits])\n\t"                                                                                \
    "muls r6, r5, r6\n\t"                                                                                              \
    "add " sum ", r6\n\t"
#define THREE_TAPS(sum, a, b, c) TAP("r2", sum, a) TAP("r3", sum, b) TAP("r4", sum, c)

#if FIELD_BITS == 8
#define ONE_FILTER(sum) NEXT_WORD "sxtb r7, r6\n\t" PRODUCT("r2", sum) TAP("r3", sum, "2") TAP("r4", sum, "1") LAST_TAP(sum)
#define FOUR_TAPS ONE_FILTER("r8") ONE_FILTER("r9") ONE_FILTER("r10") ONE_FILTER("r11")
#elif FIELD_BITS == 4
#define TWO_FILTERS(first, second)                                                                                     \
    NEXT_WORD THREE_TAPS(first, "7", "6", "5") TAP("r5", first, "4") THREE_TAPS(second, "3", "2", "1")                 \
    LAST_TAP(second)
#define FOUR_TAPS TWO_FILTERS("r8", "r9") TWO_FILTERS("r10", "r11")
#else
#define FOUR_TAPS                                                                                                      \
    NEXT_WORD THREE_TAPS("r8", "15", "14", "13") TAP("r5", "r8", "12")                                                 \
    THREE_TAPS("r9", "11", "10", "9") TAP("r5", "r9", "8")                                                             \
    THREE_TAPS("r10", "7", "6", "5") TAP("r5", "r10", "4")                                                             \
    THREE_TAPS("r11", "3", "2", "1") LAST_TAP("r11")
#endif
