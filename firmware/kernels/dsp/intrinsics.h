/* The instructions of the DSP extension that the kernels name. */
#ifndef SPECC_INTRINSICS_H
#define SPECC_INTRINSICS_H

#include <arm_acle.h>

/* The bytes 0 and 2 of a word, sign-extended to 16 bits each. */
static ALWAYS_INLINE uint32_t even_bytes(uint32_t word)
{
    return (uint32_t)__sxtb16((int8x4_t)word);
}

/* The bytes 1 and 3. The compiler makes the rotation part of the instruction. */
static ALWAYS_INLINE uint32_t odd_bytes(uint32_t word)
{
    return (uint32_t)__sxtb16((int8x4_t)__ror(word, 8));
}

static ALWAYS_INLINE uint32_t pair(int32_t low, int32_t high)
{
    return (uint32_t)(uint16_t)low | (uint32_t)high << 16;
}

#endif
