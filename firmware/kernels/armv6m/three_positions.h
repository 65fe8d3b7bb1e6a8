/* The inner loop of convolutions for cores with nothing but a 32-bit multiplication: three positions by two filters, where
 * two multiplications do the work of three.
 *
 * The codes a, b and c that a tap meets at three positions lie in two words, a + 2^21 b and c + 2^10 b. A weight times both
 * words, added up over the taps, is A + 2^21 B and C + 2^10 B modulo 2^32, with the sums A, B and C of the three positions.
 * Where A and C fit into 21 bits and B into 22, all three come back from these (`apart` below): 64 bits hold 64. The taps
 * of a filter are cut into segments that fit, so that this is exact whatever the weights: 63 taps of 8 by 8 bits always
 * do, and trained ones by the hundred (`specc/codegen/armv6m.py` proves it from the weights themselves).
 *
 * The four sums stay in high registers, to which an addition reaches. A tap takes 3 cycles to load both words, 9 for the
 * copy, the products and the sums of two filters, and 4 to take two weights of 8 bits out of their word: 2.8 cycles for a
 * multiply-accumulate on a Cortex-M0+ with the loop, and the same with weights of 4 or 2 bits.
 *
 * WEIGHTS, for each pair of filters: two biases, with the input's zero point in them; then for each tap the weights of
 * both, FIELD_BITS each, from the lowest bits on. No include guard: included once per layer, which defines SEGMENT, the
 * taps of a segment, and SEGMENTS.
 */
#define POSITIONS 3
#define FILTERS_AT_ONCE 2

/* A weight to r5, of which so many bits of its word are below. */
#define FIELD(below)                                                                                                     \
    "lsls r5, r4, #(32 - %c[bits] - " below ")\n\t"                                                                      \
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

/* Takes three sums out of their words, and adds them to those at `sums`. */
static ALWAYS_INLINE void PER_LAYER(apart)(int32_t first, int32_t second, int32_t *sums)
{
    const int32_t a = (int32_t)((uint32_t)first << 11) >> 11;
    const int32_t low = (int32_t)((uint32_t)(first - a) >> 21); /* of b, 11 bits */
    const int32_t rest = second - (low << 10);
    const int32_t c = (int32_t)((uint32_t)rest << 11) >> 11;
    sums[0] += a;
    sums[1] += low + ((rest - c) >> 10);
    sums[2] += c;
}

/* Adds the products of a segment of two filters to the sums of three positions each; the weights behind it. */
static ALWAYS_INLINE const int32_t *PER_LAYER(segment)(const uint32_t *values, const int32_t *weights, int32_t *sums)
{
    register const uint32_t *r0 __asm__("r0") = values;
    register const int32_t *r1 __asm__("r1") = weights;
    register int32_t first __asm__("r2") = (int32_t)(values + 2 * SEGMENT); /* the end, first */
    register int32_t second __asm__("r3");
    register int32_t third __asm__("r5");
    register int32_t fourth __asm__("r6");
    __asm__ volatile("mov r12, r2\n\t"
                     "movs r2, #0\n\t"
                     "mov r8, r2\n\t"
                     "mov r9, r2\n\t"
                     "mov r10, r2\n\t"
                     "mov r11, r2\n\t"
                     "1:\n\t" SOME_TAPS
                     "cmp r0, r12\n\t"
                     "bne 1b\n\t"
                     "mov r2, r8\n\t"
                     "mov r3, r9\n\t"
                     "mov r5, r10\n\t"
                     "mov r6, r11\n\t"
                     : "+l"(r0), "+l"(r1), "+l"(first), "=l"(second), "=l"(third), "=l"(fourth)
                     : [bits] "i"(FIELD_BITS)
                     : "r4", "r8", "r9", "r10", "r11", "r12", "cc", "memory");
    PER_LAYER(apart)(first, second, sums);
    PER_LAYER(apart)(third, fourth, sums + POSITIONS);
    return r1;
}

/* The codes of all filters at `positions` positions of up to three. */
static void PER_LAYER(codes)(const uint32_t *values, OUTPUT_T *restrict output, const int32_t positions)
{
    const int32_t *weights = WEIGHTS;
    for (int32_t filter = 0; filter < FILTERS; filter += FILTERS_AT_ONCE) {
        int32_t sums[FILTERS_AT_ONCE * POSITIONS];
        for (int32_t i = 0; i < FILTERS_AT_ONCE * POSITIONS; i++) {
            sums[i] = weights[i / POSITIONS];
        }
        weights += FILTERS_AT_ONCE;
        for (int32_t i = 0; i < SEGMENTS; i++) {
            weights = PER_LAYER(segment)(values + i * 2 * SEGMENT, weights, sums);
        }
        const int32_t filters = smaller(FILTERS_AT_ONCE, FILTERS - filter);
        for (int32_t i = 0; i < filters; i++) {
            for (int32_t j = 0; j < positions; j++) {
                output[j * FILTERS + filter + i] =
                    (OUTPUT_T)requantize(wrap(sums[i * POSITIONS + j], ACCUMULATOR_BITS), MULTIPLIERS[filter + i],
                                         SHIFTS[filter + i], HIGH_SHIFTS, OUTPUT_ZERO_POINT, CLAMP_LOW, CLAMP_HIGH);
            }
        }
    }
}

#undef FILTERS_AT_ONCE
#undef FIELD
#undef FIRST_FILTER
#undef SECOND_FILTER
#undef CODES
#undef WORD
#undef TAP
#undef LAST_TAP
#undef TWO_TAPS
#undef SOME_TAPS
