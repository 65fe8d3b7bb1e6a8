/* One input row of a convolution as window sums, with ADD_RUN to add positions. No include guard. */
#define RUN_FIELDS 4

static void PER_LAYER(row)(int32_t y)
{
    int32_t *restrict sums = SUMS;
    if (y == 0) {
        for (int32_t i = 0; i < ROW_CLASSES * COLUMN_CLASSES * CHANNELS; i++) {
            sums[i] = 0;
        }
    }
    if (ROW_CLASS[y] == NO_CLASS) { /* strides step over this row */
        return;
    }
    const INPUT_T *restrict input = INPUT_ROW(y);
    sums += ROW_CLASS[y] * COLUMN_CLASSES * CHANNELS;
    for (int32_t i = 0; i < RUN_COUNT; i++) {
        const uint16_t *run = RUNS + i * RUN_FIELDS;
        const int32_t first = run[0], step = run[1], count = run[2], class = run[3];
        ADD_RUN(sums + class * CHANNELS, input + first * CHANNELS, step * CHANNELS, count);
    }
}

#undef RUN_FIELDS
