/* Fully connected layer: one position, whose window is the whole input. Every weight is used once, so that this is as
 * fast as weights come from the cache. See products.h.
 *
 * No include guard: included once per layer.
 */
#define TILE 1
#define WINDOW_ROWS 1
#define PITCH 0
#define STEP 0
#define FILTERS_OUT UNITS
#include "x86/values.h"

#include "x86/products.h"

#define PARTS_OF_ROW GROUPS
#define PART_OF_ROW(y, part) PER_LAYER(units)(y, part, (part) + 1)

/* The units of some groups. */
static ALWAYS_INLINE void PER_LAYER(units)(int32_t y, int32_t group, const int32_t end)
{
    const INPUT_T *restrict input = INPUT_ROW(y);
    VALUE_T values[ROW_WORDS * WORD_TAPS];
    for (int32_t i = 0; i < FEATURES; i++) {
        values[i] = VALUE(input[i]);
    }
    for (int32_t i = FEATURES; i < ROW_WORDS * WORD_TAPS; i++) {
        values[i] = 0;
    }
    PER_LAYER(tile)(values, OUTPUT_ROW(y), group, end);
}

static ALWAYS_INLINE void PER_LAYER(row)(int32_t y)
{
    PER_LAYER(units)(y, 0, GROUPS);
}

#undef TILE
#undef WINDOW_ROWS
#undef PITCH
#undef STEP
#undef FILTERS_OUT
#undef VALUE
#undef VALUE_T
#undef WORD_TAPS
