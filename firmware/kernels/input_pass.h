/* The input of a layer once more, as its kernel then reads it: with the codes of the padding around it, or less its zero
 * point. What folding these into kernels and biases saves is this pass, and what wider codes cost. No include guard. */
static void PER_LAYER(copy_input)(void)
{
    INPUT_T *restrict to = COPIED;
    for (int32_t row = -ROWS_ABOVE; row < COPIED_ROWS - ROWS_ABOVE; row++) {
        const int inside = row >= 0 && row < SOURCE_ROWS;
        const int32_t before = inside ? CODES_BEFORE : COPIED_CODES, codes = inside ? SOURCE_CODES : 0;
        const SOURCE_T *restrict from = SOURCE + (inside ? row : 0) * SOURCE_CODES;
        for (int32_t i = 0; i < before; i++) {
            *to++ = OUTSIDE;
        }
        for (int32_t i = 0; i < codes; i++) {
            *to++ = (INPUT_T)(from[i] - TAKEN_OFF);
        }
        for (int32_t i = before + codes; i < COPIED_CODES; i++) {
            *to++ = OUTSIDE;
        }
    }
}
