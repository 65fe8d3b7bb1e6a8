/* From sums to codes, exactly as `requantize` does, for 16 sums at a time and 64 codes at the end.
 *
 * Every shift is above 32 (smaller ones are made so by sums that are shifted up first), so that the lower word of a
 * product takes no part in the rounding: a code is (high word of sum * multiplier + half) >> (shift - 32), plus the zero
 * point. VPMULDQ multiplies the even lanes; odd lanes are moved there before, and their high words are in place after.
 * Saturation on the way to 16 and 8 bits is the clamp. With AVX-512, 8 instructions for 16 codes and 5 for 64.
 *
 * What packs two vectors takes four codes of each in turn. Blocks of filters are in that order from the start (`fold`
 * of them together), so that nothing is left to sort: see specc/codegen/x86.py.
 */
#ifndef SPECC_CODES_H
#define SPECC_CODES_H

#include "x86/variant.h"

/* The constants of requantization, 16 of each for a block. */
struct scaling {
    const int32_t *multipliers, *halves, *shifts; /* behind the last multiplier something can be read */
    int32_t up;                                   /* what sums are shifted up by */
    int32_t zero_point, low, high;
};

static ALWAYS_INLINE FOR_AVX512 __m512i scaled_512(__m512i sums, const struct scaling *by, const int32_t at)
{
    if (by->up) {
        sums = _mm512_slli_epi32(sums, (uint32_t)by->up);
    }
    const __m512i even = _mm512_mul_epi32(sums, _mm512_loadu_si512(by->multipliers + at));
    const __m512i odd = _mm512_mul_epi32(_mm512_srli_epi64(sums, 32), _mm512_loadu_si512(by->multipliers + at + 1));
    const __m512i upper = _mm512_mask_shuffle_epi32(odd, 0x5555, even, (_MM_PERM_ENUM)0xF5);
    const __m512i rounded = _mm512_add_epi32(upper, _mm512_loadu_si512(by->halves + at));
    return _mm512_srav_epi32(rounded, _mm512_loadu_si512(by->shifts + at));
}

static ALWAYS_INLINE FOR_AVX512 __m512i with_zero_point_512(__m512i codes, const struct scaling *by)
{
    return by->zero_point ? _mm512_adds_epi16(codes, _mm512_set1_epi16((int16_t)by->zero_point)) : codes;
}

/* Codes of `fold` (1, 2 or 4) blocks of 16 sums, whose constants begin `at`. Only the first `count` are stored. */
static ALWAYS_INLINE FOR_AVX512 void store_codes_512(int8_t *output, const __m512i *sums, const struct scaling *by,
                                                     const int32_t at, const int32_t fold, const int32_t count)
{
    __m512i codes;
    if (fold == 4) {
        const __m512i lower = _mm512_packs_epi32(scaled_512(sums[0], by, at), scaled_512(sums[1], by, at + 16));
        const __m512i upper = _mm512_packs_epi32(scaled_512(sums[2], by, at + 32), scaled_512(sums[3], by, at + 48));
        codes = _mm512_packs_epi16(with_zero_point_512(lower, by), with_zero_point_512(upper, by));
    } else if (fold == 2) {
        const __m512i both = _mm512_packs_epi32(scaled_512(sums[0], by, at), scaled_512(sums[1], by, at + 16));
        codes = _mm512_castsi256_si512(_mm512_cvtsepi16_epi8(with_zero_point_512(both, by)));
    } else {
        const __m512i one = _mm512_castsi256_si512(_mm512_cvtsepi32_epi16(scaled_512(sums[0], by, at)));
        codes = _mm512_castsi256_si512(_mm512_cvtsepi16_epi8(with_zero_point_512(one, by)));
    }
    if (by->low > -128 || by->high < 127) {
        codes = _mm512_max_epi8(codes, _mm512_set1_epi8((char)by->low));
        codes = _mm512_min_epi8(codes, _mm512_set1_epi8((char)by->high));
    }
    if (count == 64) {
        _mm512_storeu_si512(output, codes);
    } else if (count == 32) {
        _mm256_storeu_si256((__m256i *)output, _mm512_castsi512_si256(codes));
    } else if (count == 16) {
        _mm_storeu_si128((__m128i *)output, _mm512_castsi512_si128(codes));
    } else {
        _mm512_mask_storeu_epi8(output, ((__mmask64)1 << count) - 1, codes);
    }
}

static ALWAYS_INLINE FOR_AVX2 __m256i load_256(const void *from)
{
    return _mm256_loadu_si256((const __m256i *)from);
}

static ALWAYS_INLINE FOR_AVX2 __m256i scaled_256(__m256i sums, const struct scaling *by, const int32_t at)
{
    if (by->up) {
        sums = _mm256_slli_epi32(sums, by->up);
    }
    const __m256i even = _mm256_mul_epi32(sums, load_256(by->multipliers + at));
    const __m256i odd = _mm256_mul_epi32(_mm256_srli_epi64(sums, 32), load_256(by->multipliers + at + 1));
    const __m256i upper = _mm256_blend_epi32(_mm256_shuffle_epi32(even, 0xF5), odd, 0xAA);
    return _mm256_srav_epi32(_mm256_add_epi32(upper, load_256(by->halves + at)), load_256(by->shifts + at));
}

/* As store_codes_512. Sums are (fold, 16); a half of each block at a time, which holds two of its four lanes. */
static ALWAYS_INLINE FOR_AVX2 void store_codes_256(int8_t *output, const __m256i *sums, const struct scaling *by,
                                                   const int32_t at, const int32_t fold, const int32_t count)
{
    const __m256i zero_point = _mm256_set1_epi16((int16_t)by->zero_point);
    int8_t codes[64];
    for (int32_t half = 0; half < 2; half++) {
        __m256i scaled[4];
        for (int32_t i = 0; i < 4; i++) {
            const int32_t block = i % fold;
            scaled[i] = scaled_256(sums[2 * block + half], by, at + 16 * block + 8 * half);
        }
        const __m256i lower = _mm256_adds_epi16(_mm256_packs_epi32(scaled[0], scaled[1]), zero_point);
        const __m256i upper = _mm256_adds_epi16(_mm256_packs_epi32(scaled[2], scaled[3]), zero_point);
        __m256i bytes = _mm256_packs_epi16(lower, upper);
        bytes = _mm256_max_epi8(bytes, _mm256_set1_epi8((char)by->low));
        bytes = _mm256_min_epi8(bytes, _mm256_set1_epi8((char)by->high));
        /* Each lane of 16 bytes repeats its codes where fewer than four blocks are together. */
        __m128i lanes[2] = {_mm256_castsi256_si128(bytes), _mm256_extracti128_si256(bytes, 1)};
        for (int32_t i = 0; i < 2; i++) {
            memcpy(codes + (2 * half + i) * 4 * fold, &lanes[i], 4 * (size_t)fold);
        }
    }
    memcpy(output, codes, (size_t)count);
}

/* As store_codes_512, of sums (fold, 16). */
static ALWAYS_INLINE void store_codes(int8_t *output, const int32_t *sums, const struct scaling *by, const int32_t at,
                                      const int32_t fold, const int32_t count)
{
    for (int32_t i = 0; i < 16 * fold; i++) {
        const int32_t place = i % 16 / 4 * 4 * fold + i / 16 * 4 + i % 4;
        if (place < count) {
            const int64_t product = (int64_t)(sums[i] * (1 << by->up)) * by->multipliers[at + i];
            const int32_t upper = (int32_t)(product >> 32) + by->halves[at + i];
            output[place] = (int8_t)larger(by->low, smaller(by->high, (upper >> by->shifts[at + i]) + by->zero_point));
        }
    }
}

/* ---- of any width: 16 sums at a time, in order, with 32 bits to the end ----
 *
 * `bytes`: of a code, 1 or 2. The limits come before the zero point, for a code without it need not fit into 16 bits. */

/* What accumulators of `bits` bits hold of the sums. */
static ALWAYS_INLINE FOR_AVX512 __m512i wrapped_512(__m512i sums, const int32_t bits)
{
    return bits < 32 ? _mm512_srai_epi32(_mm512_slli_epi32(sums, (uint32_t)(32 - bits)), (uint32_t)(32 - bits)) : sums;
}

static ALWAYS_INLINE FOR_AVX512 __m512i wide_512(__m512i sums, const int32_t bits, const struct scaling *by,
                                                 const int32_t at)
{
    __m512i codes = scaled_512(wrapped_512(sums, bits), by, at);
    codes = _mm512_min_epi32(codes, _mm512_set1_epi32(by->high - by->zero_point));
    codes = _mm512_max_epi32(codes, _mm512_set1_epi32(by->low - by->zero_point));
    return _mm512_add_epi32(codes, _mm512_set1_epi32(by->zero_point));
}

static ALWAYS_INLINE FOR_AVX512 void store_wide_512(void *output, const int32_t bytes, __m512i sums, const int32_t bits,
                                                    const struct scaling *by, const int32_t at, const int32_t count)
{
    const __m512i codes = wide_512(sums, bits, by, at);
    const __mmask16 mask = count < 16 ? (__mmask16)((1 << count) - 1) : 0xFFFF;
    if (bytes == 1) {
        _mm_mask_storeu_epi8(output, mask, _mm512_cvtepi32_epi8(codes));
    } else {
        _mm256_mask_storeu_epi16(output, mask, _mm512_cvtepi32_epi16(codes));
    }
}

/* As store_wide_512, of two blocks that take turns, four codes each. */
static ALWAYS_INLINE FOR_AVX512 void store_wide_pair_512(void *output, const int32_t bytes, const __m512i *sums,
                                                         const int32_t bits, const struct scaling *by, const int32_t at,
                                                         const int32_t count)
{
    const __m512i codes = _mm512_packs_epi32(wide_512(sums[0], bits, by, at), wide_512(sums[1], bits, by, at + 16));
    const __mmask32 mask = count < 32 ? ((__mmask32)1 << count) - 1 : 0xFFFFFFFF;
    if (bytes == 1) {
        _mm256_mask_storeu_epi8(output, mask, _mm512_cvtepi16_epi8(codes));
    } else {
        _mm512_mask_storeu_epi16(output, mask, codes);
    }
}

/* As store_wide_512, of two vectors, the constants of the second `apart` from the first's: 8, where they are a block; 16,
 * where they are halves of blocks that take turns, four codes each. */
static ALWAYS_INLINE FOR_AVX2 void store_wide_256(void *output, const int32_t bytes, const __m256i *sums,
                                                  const int32_t bits, const struct scaling *by, const int32_t at,
                                                  const int32_t apart, const int32_t count)
{
    __m256i codes[2];
    for (int32_t half = 0; half < 2; half++) {
        const __m256i own = _mm256_srai_epi32(_mm256_slli_epi32(sums[half], 32 - bits), 32 - bits);
        __m256i scaled = scaled_256(own, by, at + apart * half);
        scaled = _mm256_min_epi32(scaled, _mm256_set1_epi32(by->high - by->zero_point));
        scaled = _mm256_max_epi32(scaled, _mm256_set1_epi32(by->low - by->zero_point));
        codes[half] = _mm256_add_epi32(scaled, _mm256_set1_epi32(by->zero_point));
    }
    __m256i packed = _mm256_packs_epi32(codes[0], codes[1]); /* four of each in turn */
    packed = apart == 8 ? _mm256_permute4x64_epi64(packed, 0xD8) : packed;
    if (bytes == 1) {
        packed = _mm256_permute4x64_epi64(_mm256_packs_epi16(packed, packed), 0xD8);
    }
    memcpy(output, &packed, (size_t)(count * bytes));
}

/* As store_wide_256, of 16 sums. */
static ALWAYS_INLINE void store_wide(void *output, const int32_t bytes, const int32_t *sums, const int32_t bits,
                                     const struct scaling *by, const int32_t at, const int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        const int64_t product = (int64_t)(wrap(sums[i], bits) * (1 << by->up)) * by->multipliers[at + i];
        const int32_t upper = (int32_t)(product >> 32) + by->halves[at + i];
        const int64_t code = ((int64_t)upper >> by->shifts[at + i]) + by->zero_point;
        const int32_t clamped = code < by->low ? by->low : code > by->high ? by->high : (int32_t)code;
        if (bytes == 1) {
            ((int8_t *)output)[i] = (int8_t)clamped;
        } else {
            ((int16_t *)output)[i] = (int16_t)clamped;
        }
    }
}

#endif
