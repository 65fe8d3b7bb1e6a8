/* Which instructions this computer has, and so which variant of a kernel runs. The variants give the same codes.
 *
 * By cpuid itself: the compiler's __builtin_cpu_supports needs a table that its run-time library leaves empty.
 */
#ifndef SPECC_VARIANT_H
#define SPECC_VARIANT_H

#include <cpuid.h>
#include <immintrin.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define FOR_AVX512 __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define FOR_AVX2 __attribute__((target("avx2")))
#ifdef __clang__
#define UNROLL _Pragma("clang loop unroll(full)")
#else
#define UNROLL _Pragma("GCC unroll 16") /* most of these loops turn fewer times */
#endif

enum { VARIANT_PORTABLE = 1, VARIANT_AVX2, VARIANT_AVX512 };

/* The parts of the processor's state that the operating system saves (Intel SDM, volume 1, 13.3). */
static inline uint32_t saved_state(void)
{
    uint32_t low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    return low;
}

/* The best variant for this computer. SPECC_KERNELS=avx2 or =portable in the environment asks for a lesser one. */
static __attribute__((noinline)) int32_t find_variant(void)
{
    enum { OSXSAVE = 1 << 27, YMM = 0x6, ZMM = 0xE6, HAS_AVX2 = 1 << 5, HAS_VNNI = 1 << 11 };
    const uint32_t wanted_512 = 1u << 16 | 1u << 30 | 1u << 31; /* AVX-512 F, BW, VL */
    const char *most = getenv("SPECC_KERNELS");
    uint32_t a, b, c, d;
    if ((most && !strcmp(most, "portable")) || !__get_cpuid(1, &a, &b, &c, &d) || !(c & OSXSAVE)) {
        return VARIANT_PORTABLE;
    }
    const uint32_t state = saved_state();
    if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || !(b & HAS_AVX2) || (state & YMM) != YMM) {
        return VARIANT_PORTABLE;
    }
    const int has_512 = (b & wanted_512) == wanted_512 && (c & HAS_VNNI) && (state & ZMM) == ZMM;
    return has_512 && !(most && !strcmp(most, "avx2")) ? VARIANT_AVX512 : VARIANT_AVX2;
}

static ALWAYS_INLINE int32_t variant(void)
{
    static int32_t found;
    if (__builtin_expect(!found, 0)) {
        found = find_variant();
    }
    return found;
}

#endif
