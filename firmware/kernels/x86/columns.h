/* Input codes as the kernels want them: unsigned (128 more), with what lies outside of the input in its place.
 *
 * VPDPBUSD multiplies unsigned by signed bytes, and windows that are all whole need no case of their own. The bias holds
 * what the zero point and the 128 add up to. Costs an instruction per 64 codes. Included once per layer.
 */
#define UNSIGNED(code) ((uint8_t)((code) ^ 0x80))

/* `count` positions of row y, from a column on, in steps. */
static ALWAYS_INLINE void PER_LAYER(columns)(uint8_t *restrict to, int32_t y, int32_t column, const int32_t count,
                                             const int32_t step)
{
    if (y < 0 || y >= IN_HEIGHT) {
        memset(to, UNSIGNED(INPUT_ZERO_POINT), (size_t)(count * CHANNELS));
        return;
    }
    const int8_t *restrict from = INPUT_ROW(y);
    if (step == 1) {
        const int32_t before = larger(0, smaller(count, -column));
        const int32_t behind = larger(0, smaller(count, column + count - IN_WIDTH));
        memset(to, UNSIGNED(INPUT_ZERO_POINT), (size_t)(before * CHANNELS));
        memset(to + (count - behind) * CHANNELS, UNSIGNED(INPUT_ZERO_POINT), (size_t)(behind * CHANNELS));
        for (int32_t i = before * CHANNELS; i < (count - behind) * CHANNELS; i++) {
            to[i] = UNSIGNED(from[column * CHANNELS + i]);
        }
        return;
    }
    for (int32_t i = 0; i < count; i++, column += step, to += CHANNELS) {
        if (column < 0 || column >= IN_WIDTH) {
            memset(to, UNSIGNED(INPUT_ZERO_POINT), CHANNELS);
        } else {
            for (int32_t channel = 0; channel < CHANNELS; channel++) {
                to[channel] = UNSIGNED(from[column * CHANNELS + channel]);
            }
        }
    }
}

#undef UNSIGNED
