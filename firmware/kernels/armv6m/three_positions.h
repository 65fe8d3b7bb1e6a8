/* The inner loop of convolutions for cores with nothing but a 32-bit multiplication: three positions by two filters, where
 * two multiplications do the work of three.
 *
 * The codes a, b and c that a tap meets at three positions lie in two words, a + 2^21 b and c + 2^10 b. A weight times both
 * words, added up over the taps, is A + 2^21 B and C + 2^10 B modulo 2^32, with the sums A, B and C of the three positions.
 * Where A and C fit into 21 bits and B into 22, all three come back from these (APART below): 64 bits hold 64. A is the
 * lower 21 bits of the first word, the rest of which is the lower 11 of B; without them the second word holds C and the
 * upper 11 of B in the same way. The taps of a filter are cut into segments that fit, so that this is exact
 * whatever the weights: 63 taps of 8 by 8 bits always do, and trained ones by the hundred (`specc/codegen/armv6m.py` proves
 * it from the weights themselves).
 *
 * The four sums stay in high registers, to which an addition reaches. A tap takes 3 cycles to load both words, 9 for the
 * copy, the products and the sums of two filters, and 4 to take two weights of 8 bits out of their word: 2.8 cycles for a
 * multiply-accumulate on a Cortex-M0+ with the loop, and the same with weights of 4 or 2 bits.
 *
 * WEIGHTS, for each pair of filters: for each tap the weights of both, FIELD_BITS each, from the lowest bits on; then of
 * each filter the bias, with the input's zero point in it, above 5 bits of the shift, and the multiplier; see code.h. No
 * include guard: included once per layer, which defines SEGMENT, the taps of a segment, and SEGMENTS.
 */
#include "armv6m/code.h"

#define POSITIONS 3

/* A weight to r5, of which so many bits of its word are below. */
#define FIELD(below)                                                                                                   \
    "lsls r5, r4, #(32 - %c[bits] - " below ")\n\t"                                                                    \
    "asrs r5, r5, #(32 - %c[bits])\n\t"

/* One weight of the first filter, and of the second, which leaves nothing of the codes' words. */
#define FIRST_FILTER                                                                                                   \
    "movs r6, r5\n\t"                                                                                                  \
    "muls r6, r2, r6\n\t"                                                                                              \
    "add r8, r6\n\t"                                                                                                   \
    "muls r5, r3, r5\n\t"                                                                                              \
    "add r9, r5\n\t"
#define SECOND_FILTER(weight)                                                                                          \
    "muls r2, " weight ", r2\n\t"                                                                                      \
    "add r10, r2\n\t"                                                                                                  \
    "muls r3, " weight ", r3\n\t"                                                                                      \
    "add r11, r3\n\t"
#define CODES "ldm r0!, {r2, r3}\n\t"
#define WORD "ldm r1!, {r4}\n\t"

/* A tap whose weights have so many others below them in their word, and the last one of a word. */
#define TAP(below)                                                                                                     \
    CODES FIELD("(" below ") * %c[bits]") FIRST_FILTER FIELD("(" below " + 1) * %c[bits]") SECOND_FILTER("r5")
#define LAST_TAP(below)                                                                                                \
    CODES FIELD("(" below ") * %c[bits]") FIRST_FILTER "asrs r4, r4, #(32 - %c[bits])\n\t" SECOND_FILTER("r4")

#if FIELD_BITS == 8
#define TWO_TAPS WORD CODES "sxtb r5, r4\n\t" FIRST_FILTER FIELD("8") SECOND_FILTER("r5") LAST_TAP("2")
#define SOME_TAPS TWO_TAPS TWO_TAPS
#elif FIELD_BITS == 4
#define SOME_TAPS WORD TAP("0") TAP("2") TAP("4") LAST_TAP("6")
#else
#define SOME_TAPS WORD TAP("0") TAP("2") TAP("4") TAP("6") TAP("8") TAP("10") TAP("12") LAST_TAP("14")
#endif

/* The sums of three positions, from their words, to r4, r5 and r6. */
#define APART(first, second)                                                                                           \
    "mov r2, " first "\n\t"                                                                                            \
    "lsls r4, r2, #11\n\t"                                                                                             \
    "asrs r4, r4, #11\n\t"                                                                                             \
    "subs r2, r2, r4\n\t"                                                                                              \
    "lsrs r2, r2, #21\n\t" /* the lower 11 bits of the second sum */                                                   \
    "mov r3, " second "\n\t"                                                                                           \
    "lsls r5, r2, #10\n\t"                                                                                             \
    "subs r3, r3, r5\n\t"                                                                                              \
    "lsls r6, r3, #11\n\t"                                                                                             \
    "asrs r6, r6, #11\n\t"                                                                                             \
    "subs r3, r3, r6\n\t"                                                                                              \
    "asrs r3, r3, #10\n\t"                                                                                             \
    "adds r5, r2, r3\n\t"
/* Adds those of one segment of several to what is on the stack. */
#define KEEP(first, second, place)                                                                                     \
    APART(first, second)                                                                                               \
    "ldr r2, [sp, #(" place ")]\n\tadds r2, r2, r4\n\tstr r2, [sp, #(" place ")]\n\t"                                  \
    "ldr r2, [sp, #(" place " + 4)]\n\tadds r2, r2, r5\n\tstr r2, [sp, #(" place " + 4)]\n\t"                          \
    "ldr r2, [sp, #(" place " + 8)]\n\tadds r2, r2, r6\n\tstr r2, [sp, #(" place " + 8)]\n\t"
#define LOAD_THREE(place) "ldr r4, [sp, #(" place ")]\n\tldr r5, [sp, #(" place " + 4)]\n\tldr r6, [sp, #(" place " + 8)]\n\t"

/* Stores the codes of one filter, whose sums are in r4 to r6, less its bias; r1 points to its constants. */
#define CODES_OF_FILTER                                                                                                \
    "ldm r1!, {r2, r3}\n\t"                                                                                            \
    "asrs r7, r2, #5\n\t"                                                                                              \
    "adds r4, r4, r7\n\t"                                                                                              \
    "adds r5, r5, r7\n\t"                                                                                              \
    "adds r6, r6, r7\n\t"                                                                                              \
    "mov r8, r4\n\t"                                                                                                   \
    "mov r9, r5\n\t"                                                                                                   \
    "mov r12, r6\n\t"                                                                                                  \
    "lsls r5, r2, #27\n\t"                                                                                             \
    "lsrs r5, r5, #27\n\t"                                                                                             \
    "movs r2, r3\n\t"                                                                                                  \
    "str r1, [sp, #4]\n\t" MULTIPLIER_PARTS                                                                            \
    "ldr r6, [sp, #8]\n\t"                                                                                             \
    "adds r1, r6, #1\n\t"                                                                                              \
    "str r1, [sp, #8]\n\t" CODE("r8")                                                                                  \
    "ldr r0, [sp, #12]\n\t"                                                                                            \
    "cmp r0, #2\n\t"                                                                                                   \
    "blo 98f\n\t" FURTHER("r6", "%c[filters]") CODE("r9")                                                              \
    "ldr r0, [sp, #12]\n\t"                                                                                            \
    "cmp r0, #3\n\t"                                                                                                   \
    "blo 98f\n\t" FURTHER("r6", "%c[filters]") CODE("r12")                                                             \
    "98:\n\t"

/* The codes of all filters at `positions` positions of up to three. */
__attribute__((naked, noinline)) static void PER_LAYER(codes)(const uint32_t *values, const int32_t *weights,
                                                              int8_t *output, int32_t positions)
{
    __asm__ volatile(
        /* On the stack: codes' words, weights, output, positions; sums of earlier segments, filters that are left. */
        "push {r4-r7, lr}\n\t"
        "mov r4, r8\n\t"
        "mov r5, r9\n\t"
        "mov r6, r10\n\t"
        "mov r7, r11\n\t"
        "push {r4-r7}\n\t"
        "sub sp, #28\n\t"
        "push {r0-r3}\n\t"
        "ldr r0, 9f\n\t"
        "str r0, [sp, #40]\n\t"
        "1:\n\t"
        "ldr r0, [sp]\n\t"
        "ldr r1, [sp, #4]\n\t"
        ".if %c[segments] > 1\n\t"
        "movs r2, #0\n\t"
        "str r2, [sp, #16]\n\tstr r2, [sp, #20]\n\tstr r2, [sp, #24]\n\t"
        "str r2, [sp, #28]\n\tstr r2, [sp, #32]\n\tstr r2, [sp, #36]\n\t"
        "movs r7, #%c[segments]\n\t"
        ".endif\n\t"
        "2:\n\t"
        "ldr r2, 8f\n\t"
        "adds r2, r2, r0\n\t"
        "mov r12, r2\n\t"
        "movs r2, #0\n\t"
        "mov r8, r2\n\t"
        "mov r9, r2\n\t"
        "mov r10, r2\n\t"
        "mov r11, r2\n\t"
        "3:\n\t" SOME_TAPS
        "cmp r0, r12\n\t"
        "bne 3b\n\t"
        ".if %c[segments] > 1\n\t" KEEP("r8", "r9", "16") KEEP("r10", "r11", "28")
        "subs r7, #1\n\t"
        "beq 4f\n\t"
        "b 2b\n\t"
        "4:\n\t" LOAD_THREE("16")
        ".else\n\t" APART("r8", "r9") ".endif\n\t" CODES_OF_FILTER
        "ldr r0, [sp, #40]\n\t"
        "subs r0, #2\n\t"
        "str r0, [sp, #40]\n\t"
        "bpl 5f\n\t"
        "b 7f\n\t"
        ".balign 4\n\t"
        "8:\n\t"
        ".word 8 * %c[segment]\n\t"
        "9:\n\t"
        ".word %c[filters]\n\t"
        "5:\n\t"
        "ldr r1, [sp, #4]\n\t"
        ".if %c[segments] > 1\n\t" LOAD_THREE("28") ".else\n\t" APART("r10", "r11") ".endif\n\t" CODES_OF_FILTER
        "ldr r0, [sp, #40]\n\t"
        "cmp r0, #0\n\t"
        "beq 7f\n\t"
        "b 1b\n\t"
        "7:\n\t"
        "add sp, #44\n\t"
        "pop {r4-r7}\n\t"
        "mov r8, r4\n\t"
        "mov r9, r5\n\t"
        "mov r10, r6\n\t"
        "mov r11, r7\n\t"
        "pop {r4-r7, pc}\n\t"
        :
        : [bits] "i"(FIELD_BITS), [segment] "i"(SEGMENT), [segments] "i"(SEGMENTS), [filters] "i"(FILTERS),
          CODE_OPERANDS);
}

#undef FIELD
#undef FIRST_FILTER
#undef SECOND_FILTER
#undef CODES
#undef WORD
#undef TAP
#undef LAST_TAP
#undef TWO_TAPS
#undef SOME_TAPS
#undef APART
#undef KEEP
#undef LOAD_THREE
#undef CODES_OF_FILTER

#include "armv6m/code_end.h"
