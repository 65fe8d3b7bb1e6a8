/* Instructions of the DSP extension that C has no name for. Not by arm_acle.h: it lacks them for the Cortex-M33. */
#ifndef SPECC_INSTRUCTIONS_H
#define SPECC_INSTRUCTIONS_H

#include <stdint.h>

/* The order of loads and multiplications in assembly. A Cortex-M4 takes a cycle less for loads that are one instruction
 * (LDM, LDRD) or follow each other. A Cortex-M7 issues a load beside a multiplication; a Cortex-M33 lets who reads a loaded
 * word wait. There every load stands apart from its use, the first of a next step too, READ_AHEAD words beyond the last. */
#ifdef SPECC_LOADS_APART
#define LOADS_APART 1
#define READ_AHEAD 2
#else
#define LOADS_APART 0
#define READ_AHEAD 0
#endif

/* In assembly: a register shifted right, by SHIFT and `further` bits, then saturated to the output's range, which is a
 * power of two on either side of 0 or on one. Operands SATURATION of the assembly say which. */
#define SATURATE(sum, further)                                                                                         \
    ".if %c[negative]\n\t"                                                                                              \
    "ssat " sum ", #%c[bits], " sum ", asr #(%c[shift] + " further ")\n\t"                                        \
    ".else\n\t"                                                                                                       \
    "usat " sum ", #%c[bits], " sum ", asr #(%c[shift] + " further ")\n\t"                                        \
    ".endif\n\t"
#define SATURATION                                                                                                     \
    [negative] "i"(CLAMP_LOW < 0), [bits] "i"(__builtin_popcount(CLAMP_HIGH) + (CLAMP_LOW < 0)), [shift] "i"(SHIFT)

/* In assembly: the high word of a sum times its multiplier, plus the rounding in r11. */
#define HIGH_WORD(sum, multiplier) "smmla " sum ", " sum ", " multiplier ", r11\n\t"
/* In assembly: four codes, from the low bytes of registers, to one word in the first of these. */
#define FOUR_CODES(a, b, c, d)                                                                                         \
    "bfi " a ", " b ", #8, #8\n\t"                                                                                     \
    "bfi " c ", " d ", #8, #8\n\t"                                                                                     \
    "pkhbt " a ", " a ", " c ", lsl #16\n\t"
#define QUOTED(number) QUOTED_AS_IT_IS(number)
#define QUOTED_AS_IT_IS(number) #number

/* Bytes 0 and 2 of a word, sign-extended to 16 bits each. */
static ALWAYS_INLINE uint32_t even_bytes(uint32_t word)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1" : "=r"(halves) : "r"(word));
    return halves;
}

/* Bytes 1 and 3. */
static ALWAYS_INLINE uint32_t odd_bytes(uint32_t word)
{
    uint32_t halves;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(halves) : "r"(word));
    return halves;
}

/* sum + a * b, in 64 bits and in one cycle: the compiler would build the sum apart from the product. */
static ALWAYS_INLINE int64_t multiply_long(int32_t a, int32_t b, int64_t sum)
{
    __asm__("smlal %Q0, %R0, %1, %2" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* sum + both products of the halves of two words, modulo 2^32. */
static ALWAYS_INLINE int32_t multiply_pairs(uint32_t a, uint32_t b, int32_t sum)
{
    __asm__("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* sum + the product of the lower halves of two words, modulo 2^32. */
static ALWAYS_INLINE int32_t multiply_low(uint32_t a, uint32_t b, int32_t sum)
{
    __asm__("smlabb %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* Of the upper halves. */
static ALWAYS_INLINE int32_t multiply_high(uint32_t a, uint32_t b, int32_t sum)
{
    __asm__("smlatt %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

/* The larger, or the smaller, of each two bytes, or halves, of two words: the difference's signs say which SEL takes. */
#define SELECTED(name, subtract, one, other)                                                                           \
    static ALWAYS_INLINE uint32_t name(uint32_t a, uint32_t b)                                                         \
    {                                                                                                                  \
        uint32_t selected;                                                                                             \
        __asm__(subtract " %0, %1, %2\n\tsel %0, " one ", " other : "=&r"(selected) : "r"(a), "r"(b) : "cc");          \
        return selected;                                                                                               \
    }
SELECTED(larger_bytes, "ssub8", "%1", "%2")
SELECTED(larger_halves, "ssub16", "%1", "%2")
SELECTED(smaller_bytes, "ssub8", "%2", "%1")
SELECTED(smaller_halves, "ssub16", "%2", "%1")
#undef SELECTED

struct four_codes {
    int32_t first, second, third, fourth;
};

/* Four neighbouring codes, in one group of loads, in which each but the first takes a cycle. */
static ALWAYS_INLINE struct four_codes load_four(const int8_t *codes)
{
    struct four_codes four;
    __asm__("ldrsb %0, [%4]\n\tldrsb %1, [%4, #1]\n\tldrsb %2, [%4, #2]\n\tldrsb %3, [%4, #3]"
            : "=&r"(four.first), "=&r"(four.second), "=&r"(four.third), "=&r"(four.fourth)
            : "r"(codes)
            : "memory");
    return four;
}

/* Two codes as the halves of a word. */
static ALWAYS_INLINE uint32_t pair(int32_t low, int32_t high)
{
    return (uint32_t)(uint16_t)low | (uint32_t)high << 16;
}

/* Sums of the halves of two words. */
static ALWAYS_INLINE uint32_t add_halves(uint32_t sums, uint32_t word)
{
    __asm__("sadd16 %0, %0, %1" : "+r"(sums) : "r"(word));
    return sums;
}

/* Adds the bytes 0 and 2 of a word, sign-extended, to the halves of another. */
static ALWAYS_INLINE uint32_t add_even_bytes(uint32_t sums, uint32_t word)
{
    __asm__("sxtab16 %0, %0, %1" : "+r"(sums) : "r"(word));
    return sums;
}

/* Adds the bytes 1 and 3. */
static ALWAYS_INLINE uint32_t add_odd_bytes(uint32_t sums, uint32_t word)
{
    __asm__("sxtab16 %0, %0, %1, ror #8" : "+r"(sums) : "r"(word));
    return sums;
}

#endif
