/* Convolution, one output row: the window's rows of a tile side by side, then all filters. See columns.h, products.h.
 *
 * No include guard: included once per layer.
 */
#define WINDOW_ROWS KERNEL_HEIGHT
#define COLUMNS ((TILE - 1) * STRIDE_WIDTH + KERNEL_WIDTH)
#define PITCH (COLUMNS * CHANNELS)
#define STEP (STRIDE_WIDTH * CHANNELS)
#define FILTERS_OUT FILTERS
#include "x86/columns.h"

#include "x86/products.h"

#define PARTS_OF_ROW ((OUT_WIDTH + TILE - 1) / TILE)
#define PART_OF_ROW(y, part) PER_LAYER(tile_of_row)(y, (part) * TILE)

static ALWAYS_INLINE void PER_LAYER(tile_of_row)(int32_t y, int32_t x)
{
    _Alignas(64) VALUE_T values[WINDOW_ROWS * PITCH + WORD_TAPS]; /* a row is read by words */
    const int32_t first = smaller(x, OUT_WIDTH - TILE);
    for (int32_t row = 0; row < WINDOW_ROWS; row++) {
        PER_LAYER(columns)(values + row * PITCH, y * STRIDE_HEIGHT - PAD_TOP + row, first * STRIDE_WIDTH - PAD_LEFT,
                           COLUMNS, 1);
    }
    PER_LAYER(tile)(values, OUTPUT_ROW(y) + first * FILTERS, 0, GROUPS);
}

static ALWAYS_INLINE void PER_LAYER(row)(int32_t y)
{
    for (int32_t x = 0; x < OUT_WIDTH; x += TILE) {
        PER_LAYER(tile_of_row)(y, x);
    }
}

#undef WINDOW_ROWS
#undef COLUMNS
#undef PITCH
#undef STEP
#undef FILTERS_OUT
#undef VALUE_T
#undef WORD_TAPS
