/* Instructions of the DSP extension that C has no name for. Not by arm_acle.h: it lacks them for the Cortex-M33. */
#ifndef SPECC_INSTRUCTIONS_H
#define SPECC_INSTRUCTIONS_H

#include <stdint.h>

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

#endif
