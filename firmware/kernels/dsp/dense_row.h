/* All units of a fully connected layer, four at a time by `four_units`, defined before. QUAD_WORDS: words of weights that
 * four units have for four features. No include guard: included once per layer.
 */
#define UNITS_AT_ONCE 4

static void PER_LAYER(row)(int32_t y)
{
    OUTPUT_T *restrict output = OUTPUT_ROW(y);
    for (int32_t unit = 0; unit < UNITS; unit += UNITS_AT_ONCE) {
        const int32_t units = smaller(UNITS_AT_ONCE, UNITS - unit);
        int32_t sums[UNITS_AT_ONCE] = {0};
        for (int32_t i = 0; i < units; i++) {
            sums[i] = BIAS[unit + i];
        }
        PER_LAYER(four_units)(INPUT_ROW(y), WEIGHTS + unit / UNITS_AT_ONCE * QUAD_WORDS * QUADS, sums);
        for (int32_t i = 0; i < units; i++) {
            output[unit + i] =
                (OUTPUT_T)requantize(wrap(sums[i], ACCUMULATOR_BITS), MULTIPLIERS[unit + i], SHIFTS[unit + i],
                                     HIGH_SHIFTS, OUTPUT_ZERO_POINT, CLAMP_LOW, CLAMP_HIGH);
        }
    }
}

#undef UNITS_AT_ONCE
#undef QUAD_WORDS
#undef QUADS
