/* A row of a depthwise convolution, tile by tile. See dwconv.inc. No include guard: included once per layer. */
static void PER_LAYER(row)(int32_t y)
{
    _Alignas(64) VALUE_T values[KERNEL_HEIGHT * PLANES * PLANE + VECTOR]; /* what follows the last has no part in a result */
    for (int32_t x = 0; x < OUT_WIDTH; x += TILE) {
        const int32_t first = smaller(x, OUT_WIDTH - TILE);
        for (int32_t row = 0; row < KERNEL_HEIGHT; row++) {
            for (int32_t plane = 0; plane < PLANES; plane++) {
                PER_LAYER(columns)(values + (row * PLANES + plane) * PLANE, y * STRIDE_HEIGHT - PAD_TOP + row,
                                   first * STRIDE_WIDTH - PAD_LEFT + plane, PLANE_COLUMNS, STRIDE_WIDTH);
            }
        }
        OUTPUT_T *output = OUTPUT_ROW(y) + first * CHANNELS;
        switch (variant()) {
        case VARIANT_AVX512:
            PER_LAYER(tile_512)(values, output);
            break;
        case VARIANT_AVX2:
            PER_LAYER(tile_256)(values, output);
            break;
        default:
            PER_LAYER(tile_portable)(values, output);
        }
    }
}

#undef VALUE_T
#undef WORD_TAPS
#undef VECTORS
#undef TAPS
#undef TAP_WORDS
#undef VECTOR
#undef BLOCKS
#undef BIASES
#undef SCALING
#undef PLANES
#undef PLANE_COLUMNS
#undef PLANE
