/* One output row of a convolution: the windows of two positions are widened to 16 bits once, then meet every filter.
 *
 * Codes of 16 bits are as wide already. Widening others costs 1.5 cycles per code on a Cortex-M4, where the codes of a row fill
 * words and both windows lie inside of it, and up to 2.5 elsewhere; all filters share that. What lies outside the input is the
 * zero point, so that every window is whole and the bias holds the zero point's part.
 *
 * TWO_WINDOWS: from the values of two positions to their codes. EXTRA_WORDS: of room that it needs behind the values.
 * LAST_ALONE: whether the last of an odd number of positions goes by LAST_WINDOW; else its neighbour goes again with it.
 *
 * No include guard: included once per layer.
 */
#define POSITIONS 2
#define CODES_IN_WORD (4 / (int32_t)sizeof(INPUT_T))
#define WHOLE_WORDS (CHANNELS % CODES_IN_WORD == 0) /* then every run of codes begins at a word */
#if CHANNELS % 4 == 0
#define BOTH_AT_ONCE (CODES_IN_WORD == 4)
#define ONE_WINDOW __attribute__((noinline)) static /* it stands at the edges alone */
#else
#define BOTH_AT_ONCE 0
#define ONE_WINDOW static ALWAYS_INLINE
#endif

/* Widens `count` codes, which follow `taps` others, into the window of one of the positions. The order of the codes is
 * that of the weights: by words where possible, the bytes 0 and 2 of each before 1 and 3. */
static ALWAYS_INLINE void PER_LAYER(widen)(uint32_t *values, const INPUT_T *codes, int32_t taps, const int32_t count)
{
    if (WHOLE_WORDS && CODES_IN_WORD == 2) {
        uint32_t *to = values + taps;
        const uint32_t *words = (const uint32_t *)codes;
        _Pragma("clang loop unroll_count(4)") for (int32_t i = 0; i < count / 2; i++) {
            to[i * POSITIONS] = words[i];
        }
    } else if (WHOLE_WORDS) {
        uint32_t *to = values + taps;
        const uint32_t *words = (const uint32_t *)codes;
        _Pragma("clang loop unroll_count(4)") for (int32_t i = 0; i < count / 4; i++) {
            const uint32_t word = words[i];
            to[4 * i] = even_bytes(word);
            to[4 * i + POSITIONS] = odd_bytes(word);
        }
    } else {
        int32_t i = 0;
        if (taps % 2 && count) {
            ((int16_t *)(values + taps / 2 * POSITIONS))[1] = codes[i++];
        }
        for (; CODES_IN_WORD == 4 && i + 4 <= count; i += 4) {
            uint32_t *to = values + (taps + i) / 2 * POSITIONS;
            const struct four_codes four = load_four((const int8_t *)codes + i);
            to[0] = pair(four.first, four.second);
            to[POSITIONS] = pair(four.third, four.fourth);
        }
        for (; i < count; i++) {
            ((int16_t *)(values + (taps + i) / 2 * POSITIONS))[(taps + i) % 2] = codes[i];
        }
    }
}

/* As widen, for codes outside of the input. */
static ALWAYS_INLINE void PER_LAYER(fill)(uint32_t *values, int32_t taps, const int32_t count)
{
    for (int32_t i = taps; i < taps + count; i++) {
        ((int16_t *)(values + i / 2 * POSITIONS))[i % 2] = INPUT_ZERO_POINT;
    }
}

/* Both windows' next two pairs at once: two loads, four SXTB16 and one STM, 12 cycles for 8 codes. */
static ALWAYS_INLINE void PER_LAYER(widen_both)(uint32_t *to, const INPUT_T *first, const INPUT_T *second, int32_t words)
{
    _Pragma("clang loop unroll_count(4)") for (int32_t i = 0; i < words; i++) {
        __asm__ volatile("ldr r4, [%1], #4\n\t"
                         "ldr r5, [%2], #4\n\t"
                         "sxtb16 r2, r4\n\t"
                         "sxtb16 r3, r5\n\t"
                         "sxtb16 r4, r4, ror #8\n\t"
                         "sxtb16 r5, r5, ror #8\n\t"
                         "stm %0!, {r2-r5}"
                         : "+r"(to), "+r"(first), "+r"(second)
                         :
                         : "r2", "r3", "r4", "r5", "memory");
    }
}

/* The window of output position x of row y. */
ONE_WINDOW void PER_LAYER(window)(uint32_t *values, int32_t y, int32_t x)
{
    const int32_t top = y * STRIDE_HEIGHT - PAD_TOP;
    const int32_t left = x * STRIDE_WIDTH - PAD_LEFT;
    /* Unrolled, where a row may end in the middle of a pair, so that the compiler knows where. */
    _Pragma("clang loop unroll_count(WHOLE_WORDS ? 1 : KERNEL_HEIGHT)") for (int32_t row = 0; row < KERNEL_HEIGHT; row++)
    {
        const int32_t taps = row * KERNEL_WIDTH * CHANNELS;
        if (PADDED && (top + row < 0 || top + row >= IN_HEIGHT)) {
            PER_LAYER(fill)(values, taps, KERNEL_WIDTH * CHANNELS);
        } else if (!PADDED || (left >= 0 && left + KERNEL_WIDTH <= IN_WIDTH)) {
            PER_LAYER(widen)(values, INPUT_ROW(top + row) + left * CHANNELS, taps, KERNEL_WIDTH * CHANNELS);
        } else {
            for (int32_t column = 0; column < KERNEL_WIDTH; column++) {
                if (left + column < 0 || left + column >= IN_WIDTH) {
                    PER_LAYER(fill)(values, taps + column * CHANNELS, CHANNELS);
                } else {
                    PER_LAYER(widen)(values, INPUT_ROW(top + row) + (left + column) * CHANNELS,
                                     taps + column * CHANNELS, CHANNELS);
                }
            }
        }
    }
}

/* The windows of output positions x and x + 1 of row y. */
static ALWAYS_INLINE void PER_LAYER(windows)(uint32_t *values, int32_t y, int32_t x)
{
    const int32_t top = y * STRIDE_HEIGHT - PAD_TOP;
    const int32_t left = x * STRIDE_WIDTH - PAD_LEFT;
    if (!BOTH_AT_ONCE || (PADDED && (left < 0 || left + STRIDE_WIDTH + KERNEL_WIDTH > IN_WIDTH))) {
        PER_LAYER(window)(values, y, x);
        PER_LAYER(window)(values + 1, y, x + 1);
        return;
    }
    for (int32_t row = 0; row < KERNEL_HEIGHT; row++) {
        const int32_t taps = row * KERNEL_WIDTH * CHANNELS;
        if (PADDED && (top + row < 0 || top + row >= IN_HEIGHT)) {
            PER_LAYER(fill)(values, taps, KERNEL_WIDTH * CHANNELS);
            PER_LAYER(fill)(values + 1, taps, KERNEL_WIDTH * CHANNELS);
        } else {
            const INPUT_T *codes = INPUT_ROW(top + row) + left * CHANNELS;
            PER_LAYER(widen_both)(values + taps, codes, codes + STRIDE_WIDTH * CHANNELS, KERNEL_WIDTH * CHANNELS / 4);
        }
    }
}

static void PER_LAYER(row)(int32_t y)
{
    uint32_t values[PAIRS * POSITIONS + EXTRA_WORDS];
    for (int32_t i = KERNEL_HEIGHT * KERNEL_WIDTH * CHANNELS / 2 * POSITIONS; i < PAIRS * POSITIONS; i++) {
        values[i] = 0; /* of which the last tap may fill a half */
    }
    OUTPUT_T *output = OUTPUT_ROW(y);
    for (int32_t x = 0; x + LAST_ALONE < OUT_WIDTH; x += POSITIONS) {
        int32_t first = smaller(x, OUT_WIDTH - POSITIONS);
        __asm__("" : "+r"(first)); /* else the compiler keeps a pointer for every run of codes, more than registers */
        PER_LAYER(windows)(values, y, first);
        TWO_WINDOWS(values, output + first * FILTERS);
    }
#if LAST_ALONE
    PER_LAYER(window)(values, y, OUT_WIDTH - 1);
    LAST_WINDOW(values, output + (OUT_WIDTH - 1) * FILTERS);
#endif
}

#undef POSITIONS
#undef CODES_IN_WORD
#undef WHOLE_WORDS
#undef BOTH_AT_ONCE
#undef ONE_WINDOW
#undef LAST_ALONE
#undef EXTRA_WORDS
#undef TWO_WINDOWS
#undef LAST_WINDOW
