/* Input codes as the kernels want them, with what lies outside of the input in its place.
 *
 * Windows that are all whole need no case of their own. Costs an instruction per 64 bytes. Included once per layer.
 */
#include "x86/values.h"

static ALWAYS_INLINE void PER_LAYER(outside)(VALUE_T *restrict to, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        to[i] = VALUE(INPUT_ZERO_POINT);
    }
}

/* `count` positions of row y, from a column on, in steps. */
static ALWAYS_INLINE void PER_LAYER(columns)(VALUE_T *restrict to, int32_t y, int32_t column, const int32_t count,
                                             const int32_t step)
{
    if (y < 0 || y >= IN_HEIGHT) {
        PER_LAYER(outside)(to, count * CHANNELS);
        return;
    }
    const INPUT_T *restrict from = INPUT_ROW(y);
    if (step == 1) {
        const int32_t before = larger(0, smaller(count, -column));
        const int32_t behind = larger(0, smaller(count, column + count - IN_WIDTH));
        PER_LAYER(outside)(to, before * CHANNELS);
        PER_LAYER(outside)(to + (count - behind) * CHANNELS, behind * CHANNELS);
        for (int32_t i = before * CHANNELS; i < (count - behind) * CHANNELS; i++) {
            to[i] = VALUE(from[column * CHANNELS + i]);
        }
        return;
    }
    for (int32_t i = 0; i < count; i++, column += step, to += CHANNELS) {
        if (column < 0 || column >= IN_WIDTH) {
            PER_LAYER(outside)(to, CHANNELS);
        } else {
            for (int32_t channel = 0; channel < CHANNELS; channel++) {
                to[channel] = VALUE(from[column * CHANNELS + channel]);
            }
        }
    }
}

#undef VALUE
