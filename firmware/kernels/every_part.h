/* The whole of a layer whose tensors lie in memory whole, by several threads: its rows, or what its kernel cuts rows into,
 * in any order. No include guard. */
#include "thread_pool.h"

#ifndef PARTS_OF_ROW
#define PARTS_OF_ROW 1
#define PART_OF_ROW(y, part) PER_LAYER(row)(y)
#endif

static void PER_LAYER(layer_parts)(int32_t number, int32_t end)
{
    for (; number < end; number++) {
        PART_OF_ROW(number / PARTS_OF_ROW, number % PARTS_OF_ROW);
    }
}

void PER_LAYER(layer)(void)
{
    parallel_for(PER_LAYER(layer_parts), OUT_HEIGHT * PARTS_OF_ROW);
}
