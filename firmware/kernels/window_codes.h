/* Adds positions of a convolution's input to its window sums, one code at a time. No include guard. */
#define CHANNELS_AT_ONCE 4

/* Adds `count` positions, `step` codes apart, to the sums of some channels. */
static ALWAYS_INLINE void PER_LAYER(add)(int32_t *restrict sums, const INPUT_T *restrict input, int32_t step,
                                         int32_t count, const int32_t channels)
{
    int32_t totals[CHANNELS_AT_ONCE];
    for (int32_t i = 0; i < channels; i++) {
        totals[i] = sums[i];
    }
    for (; count > 0; count--) {
        for (int32_t i = 0; i < channels; i++) {
            totals[i] += input[i];
        }
        input += step;
    }
    for (int32_t i = 0; i < channels; i++) {
        sums[i] = totals[i];
    }
}

static ALWAYS_INLINE void PER_LAYER(add_codes)(int32_t *restrict sums, const INPUT_T *restrict input, int32_t step,
                                               int32_t count)
{
    int32_t channel = 0;
    for (; channel + CHANNELS_AT_ONCE <= CHANNELS; channel += CHANNELS_AT_ONCE) {
        PER_LAYER(add)(sums + channel, input + channel, step, count, CHANNELS_AT_ONCE);
    }
    for (; channel < CHANNELS; channel++) {
        PER_LAYER(add)(sums + channel, input + channel, step, count, 1);
    }
}

#undef CHANNELS_AT_ONCE
