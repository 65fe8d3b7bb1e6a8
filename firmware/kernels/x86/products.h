/* Dot products of windows with all filters: a tile of positions by groups of GROUP blocks of 16 filters.
 *
 * WEIGHTS, for each group: WINDOW_ROWS times ROW_WORDS times { GROUP blocks of 16 filters of 4 taps, a byte each, or of 2,
 * where they are WIDE }; then for all blocks the biases, multipliers, halves and shifts. So many taps of a position are a
 * word that all filters meet. WIDE sums may wrap, as those of the integer model do. A window row begins PITCH behind the one before, a position STEP behind its neighbour. TILE positions at a time.
 *
 * No include guard: included once per layer.
 */
#include "x86/codes.h"

#if WIDE
#define TAP_T int16_t
#define FOLD 1
#else
#define TAP_T int8_t
#define FOLD (GROUP % 4 == 0 ? 4 : GROUP % 2 == 0 ? 2 : 1) /* blocks whose codes are packed together */
#endif
#define GROUP_WORDS (WINDOW_ROWS * ROW_WORDS)
#define FILTERS_PADDED (GROUPS * GROUP * 16)
#define BIASES (WEIGHTS + FILTERS_PADDED * GROUP_WORDS)
#define SCALING                                                                                                        \
    {BIASES + FILTERS_PADDED, BIASES + 2 * FILTERS_PADDED, BIASES + 3 * FILTERS_PADDED, UP, OUTPUT_ZERO_POINT,          \
     CLAMP_LOW, CLAMP_HIGH}

/* As many positions at once as leave no registers over, and no block of them much emptier than the others. */
#define POSITIONS_WITHIN(most) ((TILE + (TILE + (most)-1) / (most)-1) / ((TILE + (most)-1) / (most)))

static ALWAYS_INLINE int32_t PER_LAYER(stored)(int32_t filter)
{
    return FILTERS_OUT == FILTERS_PADDED ? 16 * FOLD : larger(0, smaller(16 * FOLD, FILTERS_OUT - filter));
}

/* VPDPBUSD: 64 multiply-accumulates an instruction (VPDPWSSD, which is for WIDE ones: 32), two instructions a cycle. 24 sums in registers make a load of
 * weights serve several positions, and a word of a position several blocks: about 10 loads for 24 of them. Few sums are
 * added up in CHAINS, for an instruction takes five cycles until its sum can be used. */
#define POSITIONS POSITIONS_WITHIN(GROUP >= 6 ? 3 : GROUP == 1 ? 12 : 24 / GROUP)
#define CHAINS (POSITIONS * GROUP >= 8 || ROW_WORDS < 8 ? 1 : POSITIONS * GROUP >= 4 ? 2 : 4)
FOR_AVX512 static ALWAYS_INLINE void PER_LAYER(word_512)(__m512i sums[POSITIONS][GROUP], const VALUE_T *values,
                                                         const int32_t *weights)
{
    UNROLL for (int32_t p = 0; p < POSITIONS; p++)
    {
        int32_t word;
        memcpy(&word, values + p * STEP, sizeof word);
        const __m512i value = _mm512_set1_epi32(word);
        UNROLL for (int32_t b = 0; b < GROUP; b++)
        {
            const __m512i taps = _mm512_load_si512(weights + b * 16);
            sums[p][b] = WIDE ? _mm512_dpwssd_epi32(sums[p][b], value, taps) : _mm512_dpbusd_epi32(sums[p][b], value, taps);
        }
    }
}

FOR_AVX512 static void PER_LAYER(group_512)(const VALUE_T *values, int32_t group, OUTPUT_T *output)
{
    const struct scaling by = SCALING;
    const int32_t *weights = WEIGHTS + group * GROUP_WORDS * GROUP * 16;
    __m512i sums[CHAINS][POSITIONS][GROUP];
    UNROLL for (int32_t p = 0; p < POSITIONS; p++)
    {
        UNROLL for (int32_t b = 0; b < GROUP; b++)
        {
            sums[0][p][b] = _mm512_load_si512(BIASES + (group * GROUP + b) * 16);
            UNROLL for (int32_t chain = 1; chain < CHAINS; chain++)
            {
                sums[chain][p][b] = _mm512_setzero_si512();
            }
        }
    }
    for (int32_t row = 0; row < WINDOW_ROWS; row++) {
        const VALUE_T *from = values + row * PITCH;
        int32_t done = 0;
        for (; done + CHAINS <= ROW_WORDS; done += CHAINS) {
            UNROLL for (int32_t chain = 0; chain < CHAINS; chain++)
            {
                PER_LAYER(word_512)(sums[chain], from, weights);
                from += WORD_TAPS;
                weights += GROUP * 16;
            }
        }
        for (; done < ROW_WORDS; done++, from += WORD_TAPS, weights += GROUP * 16) {
            PER_LAYER(word_512)(sums[0], from, weights);
        }
    }
    UNROLL for (int32_t p = 0; p < POSITIONS; p++)
    {
        UNROLL for (int32_t b = 0; b < GROUP; b++)
        {
            UNROLL for (int32_t chain = 1; chain < CHAINS; chain++)
            {
                sums[0][p][b] = _mm512_add_epi32(sums[0][p][b], sums[chain][p][b]);
            }
        }
        UNROLL for (int32_t b = 0; b < GROUP; b += FOLD)
        {
            const int32_t filter = (group * GROUP + b) * 16;
            OUTPUT_T *codes = output + p * FILTERS_OUT + filter;
#if WIDE
            store_wide_512(codes, sizeof *codes, sums[0][p][b], ACCUMULATOR_BITS, &by, filter, PER_LAYER(stored)(filter));
#else
            store_codes_512(codes, &sums[0][p][b], &by, filter, FOLD, PER_LAYER(stored)(filter));
#endif
        }
    }
}

FOR_AVX512 static void PER_LAYER(tile_512)(const VALUE_T *values, OUTPUT_T *output, int32_t group, const int32_t end)
{
    for (; group < end; group++) {
        for (int32_t x = 0; x < TILE; x += POSITIONS) { /* the last come with neighbours that have been computed */
            const int32_t first = smaller(x, TILE - POSITIONS);
            PER_LAYER(group_512)(values + first * STEP, group, output + first * FILTERS_OUT);
        }
    }
}
#undef POSITIONS
#undef CHAINS

/* VPMADDWD, which is exact where VPMADDUBSW would saturate: taps 0 and 2 of a word in 16 bits, then 1 and 3, or both WIDE
 * ones, for 8 filters at a time, 16 multiply-accumulates an instruction. 8 sums, and 4 registers of widened weights. */
#define POSITIONS POSITIONS_WITHIN(4)
FOR_AVX2 static void PER_LAYER(group_256)(const VALUE_T *values, int32_t group, OUTPUT_T *output)
{
    const struct scaling by = SCALING;
    __m256i all[POSITIONS][GROUP][2];
    for (int32_t b = 0; b < GROUP; b++) {
        const int32_t *weights = WEIGHTS + (group * GROUP_WORDS * GROUP + b) * 16;
        __m256i sums[POSITIONS][2];
        UNROLL for (int32_t p = 0; p < POSITIONS; p++)
        {
            sums[p][0] = load_256(BIASES + (group * GROUP + b) * 16);
            sums[p][1] = load_256(BIASES + (group * GROUP + b) * 16 + 8);
        }
        for (int32_t row = 0; row < WINDOW_ROWS; row++) {
            const VALUE_T *from = values + row * PITCH;
            for (int32_t done = 0; done < ROW_WORDS; done++, from += WORD_TAPS, weights += GROUP * 16) {
                const __m256i first = load_256(weights), second = load_256(weights + 8);
#if WIDE
                const __m256i even[2] = {first, second};
#else
                const __m256i even[2] = {_mm256_srai_epi16(_mm256_slli_epi16(first, 8), 8),
                                         _mm256_srai_epi16(_mm256_slli_epi16(second, 8), 8)};
                const __m256i odd[2] = {_mm256_srai_epi16(first, 8), _mm256_srai_epi16(second, 8)};
#endif
                UNROLL for (int32_t p = 0; p < POSITIONS; p++)
                {
                    int32_t word;
                    memcpy(&word, from + p * STEP, sizeof word);
                    const __m256i all_taps = _mm256_set1_epi32(word);
#if WIDE
                    const __m256i evens = all_taps;
#else
                    const __m256i evens = _mm256_and_si256(all_taps, _mm256_set1_epi16(255));
                    const __m256i odds = _mm256_srli_epi16(all_taps, 8);
#endif
                    UNROLL for (int32_t i = 0; i < 2; i++)
                    {
                        __m256i products = _mm256_madd_epi16(evens, even[i]);
#if !WIDE
                        products = _mm256_add_epi32(products, _mm256_madd_epi16(odds, odd[i]));
#endif
                        sums[p][i] = _mm256_add_epi32(sums[p][i], products);
                    }
                }
            }
        }
        UNROLL for (int32_t p = 0; p < POSITIONS; p++)
        {
            all[p][b][0] = sums[p][0];
            all[p][b][1] = sums[p][1];
        }
    }
    for (int32_t p = 0; p < POSITIONS; p++) {
        for (int32_t b = 0; b < GROUP; b += FOLD) {
            const int32_t filter = (group * GROUP + b) * 16;
            OUTPUT_T *codes = output + p * FILTERS_OUT + filter;
#if WIDE
            store_wide_256(codes, sizeof *codes, all[p][b], ACCUMULATOR_BITS, &by, filter, 8, PER_LAYER(stored)(filter));
#else
            store_codes_256(codes, all[p][b], &by, filter, FOLD, PER_LAYER(stored)(filter));
#endif
        }
    }
}

FOR_AVX2 static void PER_LAYER(tile_256)(const VALUE_T *values, OUTPUT_T *output, int32_t group, const int32_t end)
{
    for (; group < end; group++) {
        for (int32_t x = 0; x < TILE; x += POSITIONS) {
            const int32_t first = smaller(x, TILE - POSITIONS);
            PER_LAYER(group_256)(values + first * STEP, group, output + first * FILTERS_OUT);
        }
    }
}
#undef POSITIONS

/* Plain C. */
static void PER_LAYER(tile_portable)(const VALUE_T *values, OUTPUT_T *output, const int32_t first, const int32_t end)
{
    const struct scaling by = SCALING;
    for (int32_t x = 0; x < TILE; x++, values += STEP, output += FILTERS_OUT) {
        for (int32_t block = first * GROUP; block < end * GROUP; block += FOLD) {
            const int32_t filter = block * 16;
            int32_t sums[FOLD][16];
            for (int32_t fold = 0; fold < FOLD; fold++) {
                const int32_t group = (block + fold) / GROUP, place = (block + fold) % GROUP;
                const TAP_T *weights = (const TAP_T *)(WEIGHTS + (group * GROUP_WORDS * GROUP + place) * 16);
                for (int32_t i = 0; i < 16; i++) {
                    sums[fold][i] = BIASES[(block + fold) * 16 + i];
                }
                for (int32_t row = 0; row < WINDOW_ROWS; row++) {
                    for (int32_t done = 0; done < ROW_WORDS; done++, weights += GROUP * 16 * WORD_TAPS) {
                        const VALUE_T *word = values + row * PITCH + done * WORD_TAPS;
                        for (int32_t i = 0; i < 16; i++) {
                            for (int32_t tap = 0; tap < WORD_TAPS; tap++) {
                                sums[fold][i] += word[tap] * weights[WORD_TAPS * i + tap];
                            }
                        }
                    }
                }
            }
#if WIDE
            store_wide(output + filter, sizeof *output, sums[0], ACCUMULATOR_BITS, &by, filter, PER_LAYER(stored)(filter));
#else
            store_codes(output + filter, sums[0], &by, filter, FOLD, PER_LAYER(stored)(filter));
#endif
        }
    }
}

/* All positions of a tile by the filters of some groups. */
static ALWAYS_INLINE void PER_LAYER(tile)(const VALUE_T *values, OUTPUT_T *output, const int32_t group,
                                          const int32_t end)
{
    switch (variant()) {
    case VARIANT_AVX512:
        PER_LAYER(tile_512)(values, output, group, end);
        break;
    case VARIANT_AVX2:
        PER_LAYER(tile_256)(values, output, group, end);
        break;
    default:
        PER_LAYER(tile_portable)(values, output, group, end);
    }
}

#undef FOLD
#undef TAP_T
#undef GROUP_WORDS
#undef FILTERS_PADDED
#undef BIASES
#undef SCALING
#undef POSITIONS_WITHIN
