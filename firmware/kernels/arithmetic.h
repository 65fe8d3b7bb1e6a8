/* The integer arithmetic of every kernel: wrap, requantize, clamp. Compile with -fwrapv -fno-strict-aliasing.
 *
 * Right shifts of negative numbers are arithmetic, as GCC and Clang define them.
 */
#ifndef SPECC_ARITHMETIC_H
#define SPECC_ARITHMETIC_H

#include <stdint.h>

#define ALWAYS_INLINE inline __attribute__((always_inline))

/* A name of its own for each layer: PER_LAYER(window) in layer conv1 is window_conv1. */
#define JOIN_NAMES(a, b) a##_##b
#define JOIN_EXPANDED(a, b) JOIN_NAMES(a, b)
#define PER_LAYER(name) JOIN_EXPANDED(name, LAYER)

static ALWAYS_INLINE int32_t smaller(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

static ALWAYS_INLINE int32_t larger(int32_t a, int32_t b)
{
    return a > b ? a : b;
}

/* What an accumulator of `bits` bits holds after adding up to `sum`: the low bits, in two's complement. */
static ALWAYS_INLINE int32_t wrap(int32_t sum, const int32_t bits)
{
    return (int32_t)((uint32_t)sum << (32 - bits)) >> (32 - bits);
}

/* zero_point + sum / 2^shift, rounded half up, clamped. */
static ALWAYS_INLINE int32_t rescale(int64_t sum, int32_t shift, int32_t zero_point, int32_t low, int32_t high)
{
    int64_t code = ((sum + ((int64_t)1 << (shift - 1))) >> shift) + zero_point;
    return code < low ? low : code > high ? high : (int32_t)code;
}

/* As rescale, for shifts of at least 32: only the upper word of the sum is left, which saves 64-bit work. */
static ALWAYS_INLINE int32_t rescale_high(int64_t sum, int32_t shift, int32_t zero_point, int32_t low, int32_t high)
{
    int32_t upper = (int32_t)((sum + ((int64_t)1 << (shift - 1))) >> 32);
    return larger(low, smaller(high, (upper >> (shift - 32)) + zero_point));
}

/* As rescale_high, for shifts of at least 33: the lower word of the sum takes no part, and the halved unit that is added is
 * one of the last bit but one. */
static ALWAYS_INLINE int32_t rescale_upper(int64_t sum, int32_t shift, int32_t zero_point, int32_t low, int32_t high)
{
    const int32_t upper = (int32_t)(sum >> 32);
    return larger(low, smaller(high, (((upper >> (shift - 33)) + 1) >> 1) + zero_point));
}

/* As rescale_high of a * b, for cores without a 32 by 32 bit product (b is not negative): about 25 cycles on a
 * Cortex-M0+ where the compiler's 64-bit routines take over 100. From halves of 16 bits, a = ah:al and b = bh:bl, the
 * upper word of the product is ah * bh + carry, where no sum leaves 32 bits. */
static ALWAYS_INLINE int32_t rescale_halves(int32_t a, int32_t b, int32_t shift, int32_t zero_point, int32_t low,
                                            int32_t high)
{
    const uint32_t al = (uint32_t)a & 0xFFFF, bl = (uint32_t)b & 0xFFFF, bh = (uint32_t)b >> 16;
    const int32_t ah = a >> 16;
    const uint32_t middle = al * bh + (al * bl >> 16);
    const int32_t carry = ((int32_t)(middle & 0xFFFF) + ah * (int32_t)bl) >> 16;
    const int32_t upper = ah * (int32_t)bh + (int32_t)(middle >> 16) + carry;
    const int32_t half = shift > 32 ? 1 << (shift - 33) : (int32_t)(((uint32_t)a * (uint32_t)b) >> 31);
    return larger(low, smaller(high, ((upper + half) >> (shift - 32)) + zero_point));
}

/* As rescale, where a is within 2^20, b not negative and the shift 23 to 54: about 12 cycles on a Cortex-M0+. Of b = p:q:r,
 * the two lower parts of 11 bits, no product leaves 32 bits, and floor(a * b / 2^22) is what is left. */
static ALWAYS_INLINE int32_t rescale_thirds(int32_t a, int32_t b, int32_t shift, int32_t zero_point, int32_t low,
                                            int32_t high)
{
    const int32_t lower = a * (b & 0x7FF) >> 11;
    const int32_t middle = (a * (b >> 11 & 0x7FF) + lower) >> 11;
    const int32_t upper = a * (b >> 22) + middle;
    return larger(low, smaller(high, (((upper >> (shift - 23)) + 1) >> 1) + zero_point));
}

/* The code of an accumulator. `high_shifts` is a constant: 1 if every shift of the layer is at least 32, 2 if at least 33,
 * 3 if moreover rescale_thirds computes every code, else 0. */
static ALWAYS_INLINE int32_t requantize(int32_t accumulator, int32_t multiplier, int32_t shift, const int high_shifts,
                                        int32_t zero_point, int32_t low, int32_t high)
{
#if defined(__ARM_ARCH_6M__) || defined(SPECC_NO_LONG_PRODUCT)
    if (high_shifts == 3) {
        return rescale_thirds(accumulator, multiplier, shift, zero_point, low, high);
    }
    if (high_shifts) {
        return rescale_halves(accumulator, multiplier, shift, zero_point, low, high);
    }
#endif
    const int64_t product = (int64_t)accumulator * multiplier;
    return high_shifts >= 2   ? rescale_upper(product, shift, zero_point, low, high)
           : high_shifts == 1 ? rescale_high(product, shift, zero_point, low, high)
                              : rescale(product, shift, zero_point, low, high);
}

#endif
