/* The code of a sum in a register, for inner loops that keep their sums there: what rescale_thirds of arithmetic.h computes,
 * 22 cycles with the store on a Cortex-M0+. Behind it its file takes the names back, by code_end.h.
 *
 * PART_BITS is 11 where the sums are within 2^20, or 8 where they are within 2^23; then the multiplier comes in quarters,
 * and it takes 4 cycles more. Operands of the assembly are `part`, PART_BITS, and those of CODE_OPERANDS.
 */

/* A multiplier in r2 to its parts: r2, r3 and r4, and the lowest quarter in lr. */
#define MULTIPLIER_PARTS                                                                                               \
    ".if %c[part] == 11\n\t"                                                                                           \
    "lsls r3, r2, #10\n\t"                                                                                             \
    "lsrs r3, r3, #21\n\t"                                                                                             \
    "lsls r4, r2, #21\n\t"                                                                                             \
    "lsrs r4, r4, #21\n\t"                                                                                             \
    "lsrs r2, r2, #22\n\t"                                                                                             \
    ".else\n\t"                                                                                                        \
    "uxtb r3, r2\n\t"                                                                                                  \
    "mov lr, r3\n\t"                                                                                                   \
    "lsrs r4, r2, #8\n\t"                                                                                              \
    "uxtb r4, r4\n\t"                                                                                                  \
    "lsrs r3, r2, #16\n\t"                                                                                             \
    "uxtb r3, r3\n\t"                                                                                                  \
    "lsrs r2, r2, #24\n\t"                                                                                             \
    ".endif\n\t"

#define NEXT_PART(part)                                                                                                \
    "movs r1, " part "\n\t"                                                                                            \
    "muls r1, r0, r1\n\t"                                                                                              \
    "adds r1, r1, r7\n\t"                                                                                              \
    "asrs r7, r1, #%c[part]\n\t"

/* Stores the code of a sum at r6; r5 has the shift less 2 * PART_BITS + 1, or less 3 of them and 1. What leaves the range
 * of codes, moved to begin at 0, is either negative or too large. */
#define CODE(sum)                                                                                                      \
    "mov r0, " sum "\n\t"                                                                                              \
    ".if %c[part] == 11\n\t"                                                                                           \
    "movs r7, r4\n\t"                                                                                                  \
    "muls r7, r0, r7\n\t"                                                                                              \
    "asrs r7, r7, #11\n\t"                                                                                             \
    ".else\n\t"                                                                                                        \
    "mov r7, lr\n\t"                                                                                                   \
    "muls r7, r0, r7\n\t"                                                                                              \
    "asrs r7, r7, #8\n\t" NEXT_PART("r4")                                                                              \
    ".endif\n\t" NEXT_PART("r3")                                                                                       \
    "muls r0, r2, r0\n\t"                                                                                              \
    "adds r0, r0, r7\n\t"                                                                                              \
    "asrs r0, r5\n\t"                                                                                                  \
    "adds r0, #1\n\t"                                                                                                  \
    "asrs r0, r0, #1\n\t"                                                                                              \
    ".if %c[zero] >= 0\n\tadds r0, #%c[zero]\n\t.else\n\tsubs r0, #(-%c[zero])\n\t.endif\n\t"                          \
    "cmp r0, #%c[codes]\n\t"                                                                                           \
    "bls 99f\n\t"                                                                                                      \
    "asrs r0, r0, #31\n\t"                                                                                             \
    "mvns r0, r0\n\t"                                                                                                  \
    "movs r7, #%c[codes]\n\t"                                                                                          \
    "ands r0, r7\n\t"                                                                                                  \
    "99:\n\t"                                                                                                          \
    ".if %c[low] >= 0\n\tadds r0, #%c[low]\n\t.else\n\tsubs r0, #(-%c[low])\n\t.endif\n\t"                             \
    "strb r0, [r6]\n\t"

/* A pointer so many bytes further. */
#define FURTHER(pointer, bytes)                                                                                        \
    ".rept " bytes " / 255\n\tadds " pointer ", #255\n\t.endr\n\t"                                                     \
    ".if " bytes " %% 255\n\tadds " pointer ", #(" bytes " %% 255)\n\t.endif\n\t"

#define CODE_OPERANDS                                                                                                  \
    [part] "i"(PART_BITS), [zero] "i"(OUTPUT_ZERO_POINT - CLAMP_LOW), [low] "i"(CLAMP_LOW),                            \
        [codes] "i"(CLAMP_HIGH - CLAMP_LOW)
