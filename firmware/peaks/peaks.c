/* How fast a target is at best: small loops that do one thing each, timed like layers.
 *
 * To any line it answers
 *
 *   peaks <name> <work> <ticks> <name> <work> <ticks> ...
 *
 * where work is multiply-accumulates for `mac` and bytes for the others. Each loop runs once untimed before, so that
 * caches are warm. Sizes and repetitions come from the build: PEAK_SETS is a list of SET(name, loop, bytes, repetitions).
 */
#include "arithmetic.h"
#include "board.h"
#include "text.h"

#include <stdint.h>

#if defined(__AVX2__)
#include <immintrin.h>
#endif

enum { GROUP = 32, SUMS = 8 };

static const uint32_t constants[PEAK_CONSTANT_BYTES / 4] __attribute__((aligned(64))) = {1, 2, 3};
static uint32_t memory[PEAK_MEMORY_BYTES / 4] __attribute__((aligned(64)));

/* One multiplication of the widest kind that there is for codes of 8 bits, on registers alone. */
#if defined(__ARM_FEATURE_DSP)
/* Two products of 16 bits: Armv7-M Architecture Reference Manual, A7.7.141 (SMLAD). */
#define PRODUCTS 2
typedef uint32_t lanes;
#define MULTIPLY(sum, a, b) __asm__ volatile("smlad %0, %1, %2, %0" : "+r"(sum) : "r"(a), "r"(b))
#elif defined(__AVX512VNNI__)
/* Intel Architecture Instruction Set Extensions Programming Reference: VPDPBUSD, four products in each of 16 lanes. */
#define PRODUCTS 64
typedef __m512i lanes;
#define MULTIPLY(sum, a, b) __asm__ volatile("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v"(b))
#elif defined(__AVX2__)
/* Intel 64 and IA-32 Architectures Software Developer's Manual: VPMADDWD, 16 products of 16 bits, and their addition. */
#define PRODUCTS 16
typedef __m256i lanes;
#define MULTIPLY(sum, a, b) \
    do { \
        lanes products; \
        __asm__ volatile("vpmaddwd %2, %1, %0" : "=x"(products) : "x"(a), "x"(b)); \
        sum = _mm256_add_epi32(sum, products); \
    } while (0)
#else
#define PRODUCTS 1
typedef uint32_t lanes;
#define MULTIPLY(sum, a, b) \
    do { \
        __asm__ volatile("" : "+r"(a), "+r"(b)); /* or the product is worked out once, if at all */ \
        sum += a * b; \
        __asm__ volatile("" : "+r"(sum)); \
    } while (0)
#endif

static uint32_t multiply(uint32_t bytes, uint32_t repetitions)
{
    static lanes operands[2], results[SUMS];
    lanes a = operands[0], b = operands[1];
    lanes s0 = results[0], s1 = results[1], s2 = results[2], s3 = results[3];
#if PRODUCTS > 2 /* longer pipelines, and more registers */
    lanes s4 = results[4], s5 = results[5], s6 = results[6], s7 = results[7];
#endif
    (void)bytes;
    for (uint32_t i = 0; i < repetitions; i++) {
#ifdef __clang__
#pragma clang loop unroll(full)
#else
#pragma GCC unroll 32 /* GROUP */
#endif
        for (int group = 0; group < GROUP; group++) {
            MULTIPLY(s0, a, b);
            MULTIPLY(s1, a, b);
            MULTIPLY(s2, a, b);
            MULTIPLY(s3, a, b);
#if PRODUCTS > 2
            MULTIPLY(s4, a, b);
            MULTIPLY(s5, a, b);
            MULTIPLY(s6, a, b);
            MULTIPLY(s7, a, b);
#endif
        }
    }
    results[0] = s0, results[1] = s1, results[2] = s2, results[3] = s3;
#if PRODUCTS > 2
    results[4] = s4, results[5] = s5, results[6] = s6, results[7] = s7;
    return GROUP * 8 * PRODUCTS * repetitions;
#else
    return GROUP * 4 * PRODUCTS * repetitions;
#endif
}

/* The widest word that is read and written at once. */
#if defined(__AVX2__)
typedef __m256i word;
#define KEEP(w) "x"(w)
#else
typedef uintptr_t word;
#define KEEP(w) "r"(w)
#endif

/* A group of words, in one instruction where there is one: LDM and STM take a cycle for each word and one more. */
#if defined(__thumb2__)
enum { LANES = 8 };
#define WORDS "{r3, r4, r5, r6, r8, r9, r10, r12}"
#define WORD_REGISTERS "r3", "r4", "r5", "r6", "r8", "r9", "r10", "r12"
#elif defined(__thumb__)
enum { LANES = 4 };
#define WORDS "{r3, r4, r5, r6}"
#define WORD_REGISTERS "r3", "r4", "r5", "r6"
#else
enum { LANES = 4 };
#endif
#if defined(__thumb__)
#define READ(at) __asm__ volatile("ldmia %0!, " WORDS : "+l"(at)::WORD_REGISTERS)
#define WRITE(at, value) __asm__ volatile("stmia %0!, " WORDS : "+l"(at)::WORD_REGISTERS, "memory")
#else
#define READ(at) \
    do { \
        word w0 = at[0], w1 = at[1], w2 = at[2], w3 = at[3]; \
        __asm__ volatile("" ::KEEP(w0), KEEP(w1), KEEP(w2), KEEP(w3) : "memory"); \
        at += LANES; \
    } while (0)
#define WRITE(at, value) \
    do { \
        at[0] = value, at[1] = value, at[2] = value, at[3] = value; \
        __asm__ volatile("" ::: "memory"); \
        at += LANES; \
    } while (0)
#endif

static ALWAYS_INLINE uint32_t read_words(const word *from, uint32_t bytes, uint32_t repetitions)
{
    const word *end = from + bytes / sizeof(word);
    for (uint32_t i = 0; i < repetitions; i++) {
        for (const word *at = from; at < end;) {
            READ(at);
            READ(at);
            READ(at);
            READ(at);
        }
    }
    return bytes * repetitions;
}

static uint32_t read_memory(uint32_t bytes, uint32_t repetitions)
{
    return read_words((const word *)memory, bytes, repetitions);
}

static uint32_t read_constants(uint32_t bytes, uint32_t repetitions)
{
    return read_words((const word *)constants, bytes, repetitions);
}

static uint32_t write_memory(uint32_t bytes, uint32_t repetitions)
{
    word *end = (word *)memory + bytes / sizeof(word);
    word value = *(const word *)memory;
    (void)value; /* STM writes whatever the registers hold */
    for (uint32_t i = 0; i < repetitions; i++) {
        for (word *at = (word *)memory; at < end;) {
            WRITE(at, value);
            WRITE(at, value);
            WRITE(at, value);
            WRITE(at, value);
        }
    }
    return bytes * repetitions;
}

typedef struct {
    const char *name;
    uint32_t (*loop)(uint32_t bytes, uint32_t repetitions);
    uint32_t bytes, repetitions;
} peak;

#define SET(name, loop, bytes, repetitions) {name, loop, bytes, repetitions},
static const peak peaks[] = {PEAK_SETS};

int main(void)
{
    board_init();
    for (uint32_t i = 0; i < sizeof memory / sizeof memory[0]; i++) {
        memory[i] = i; /* memory that was never written may be one and the same page */
    }
    for (;;) {
        int character = board_read();
        while (character != '\n' && character != -1) {
            character = board_read();
        }
        if (character == -1) {
            break;
        }
        write_text("peaks");
        for (uint32_t i = 0; i < sizeof peaks / sizeof peaks[0]; i++) {
            peaks[i].loop(peaks[i].bytes, 1);
            board_mark(i + 1);
            uint32_t start = board_ticks();
            uint32_t work = peaks[i].loop(peaks[i].bytes, peaks[i].repetitions);
            uint32_t ticks = board_ticks() - start;
            board_mark(0);
            write_text(" ");
            write_text(peaks[i].name);
            write_text(" ");
            write_number(work);
            write_text(" ");
            write_number(ticks);
        }
        write_text("\n");
    }
    board_exit(0);
    return 0;
}
