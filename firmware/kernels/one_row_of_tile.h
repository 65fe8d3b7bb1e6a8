/* One call of a layer that runs in tiles: an output row of as many columns as a tile makes, or behind FIRST_COPY the copy of
 * an input row's columns into their ring. No include guard.
 *
 * Rings hold columns outside of their tensor, too, where windows reach there: OUTSIDE_CODE, or CUT_OUTSIDE, is what
 * padding stands for. A row is written over by a later one, so these columns are written with every row: a few codes of
 * the tiles at the borders. A copy takes about 4 cycles for four codes on a Cortex-M4.
 */
#include "columns_inside.h"

#ifdef CUT_T
static void PER_LAYER(copy)(int32_t y)
{
    const struct columns inside = columns_inside(CUT_FIRST, CUT_KEPT, CUT_COLUMNS);
    const CUT_T *from = CUT_FROM(y) + CUT_FIRST * CUT_CODES;
    CUT_T *to = CUT_TO(y);
    for (int32_t i = 0; i < inside.first * CUT_CODES; i++) {
        to[i] = CUT_OUTSIDE;
    }
    __builtin_memcpy(to + inside.first * CUT_CODES, from + inside.first * CUT_CODES,
                     (uint32_t)(inside.end - inside.first) * CUT_CODES * sizeof *to);
    for (int32_t i = inside.end * CUT_CODES; i < CUT_KEPT * CUT_CODES; i++) {
        to[i] = CUT_OUTSIDE;
    }
}
#endif

#ifdef OUTSIDE_CODE
static void PER_LAYER(fill_outside)(OUTPUT_T *row)
{
    const struct columns inside = columns_inside(KEPT_FIRST, KEPT, OUTPUT_COLUMNS);
    for (int32_t i = 0; i < inside.first * OUTPUT_CODES; i++) {
        row[i] = OUTSIDE_CODE;
    }
    for (int32_t i = inside.end * OUTPUT_CODES; i < KEPT * OUTPUT_CODES; i++) {
        row[i] = OUTSIDE_CODE;
    }
}
#endif

void PER_LAYER(layer)(int32_t y)
{
#ifdef CUT_T
    if (y >= FIRST_COPY) {
        PER_LAYER(copy)(y - FIRST_COPY);
        return;
    }
#endif
    PER_LAYER(ROW_FUNCTION)(y);
#ifdef OUTSIDE_CODE
    PER_LAYER(fill_outside)(KEPT_ROW(y));
#endif
}
