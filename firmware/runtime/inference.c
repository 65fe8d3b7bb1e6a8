#include "inference.h"

#include "board.h"
#include "network.h"

uint32_t run_layer(uint32_t index)
{
    board_mark(index + 1);
    uint32_t start = board_ticks();
    if (specc_layers[index].run) {
        specc_layers[index].run();
    }
    uint32_t ticks = board_ticks() - start;
    board_mark(0);
    return ticks;
}

uint32_t run_network(void)
{
    uint32_t start = board_ticks();
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        specc_layer_ticks[i] = run_layer(i);
    }
    return board_ticks() - start;
}
