#include "inference.h"

#include "board.h"

uint32_t specc_tile;

void run_call(const specc_call *call)
{
    const specc_layer *layer = &specc_layers[call->layer];
    board_mark(call->layer + 1u);
    uint32_t start = board_ticks();
    if (layer->run_row) {
        layer->run_row(call->row);
    } else if (layer->run) {
        layer->run();
    }
    specc_layer_ticks[call->layer] += board_ticks() - start;
    board_mark(0);
}

/* Waits for an input row, in a region of its own behind those of the layers. Returns 0 if there is none. */
static int take_row(const inference_client *client, uint32_t row, uint32_t *waited)
{
    board_mark(specc_layer_count + 1);
    uint32_t start = board_ticks();
    int arrived = client->take_row(row, input_row(row));
    *waited += board_ticks() - start;
    board_mark(0);
    return arrived;
}

int run_network(const inference_client *client, uint32_t *total)
{
    uint32_t waited = 0;
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        specc_layer_ticks[i] = 0;
    }
    specc_tile = 0;
    uint32_t start = board_ticks();
    for (const specc_call *call = specc_calls; call < specc_calls + specc_call_count; call++) {
        if (call->layer == specc_layer_count) {
            if (!take_row(client, call->row, &waited)) {
                return 0;
            }
            continue;
        }
        if (call->layer > specc_layer_count) {
            specc_tile = (specc_tile + 1) % (call->layer - specc_layer_count);
            call -= specc_tile ? call->row + 1 : 0;
            continue;
        }
        run_call(call);
        if (client->show) {
            client->show(call);
        }
    }
    *total = board_ticks() - start - waited;
    return 1;
}

uint8_t *input_row(uint32_t row)
{
    return specc_input + row % specc_input_rows_kept * specc_input_row_bytes;
}

const uint8_t *completed_part(const specc_call *done)
{
    const specc_layer *layer = &specc_layers[done->layer];
    uint32_t calls = done->row + 1u;
    if (!layer->part_bytes || done->row >= FIRST_COPY || calls % layer->calls_per_part) {
        return 0;
    }
    if (layer->tiles > 1 && specc_tile + 1 < layer->tiles) {
        return 0;
    }
    return layer->output + (calls / layer->calls_per_part - 1) % layer->parts_kept * layer->part_bytes;
}
