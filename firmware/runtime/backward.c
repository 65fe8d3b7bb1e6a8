#include "backward.h"

#include "board.h"
#include "inference.h"

/* Each product and each sum is rounded by itself: a fused one would differ from the golden model in the last bit. */
#pragma STDC FP_CONTRACT OFF

static inline __attribute__((always_inline)) int32_t code(const void *codes, uint32_t bytes, uint32_t i)
{
    return bytes == 1 ? ((const int8_t *)codes)[i] : ((const int16_t *)codes)[i];
}

static void copy(uint8_t *to, const uint8_t *from, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = from[i];
    }
}

static void save(uint32_t layer, const uint8_t *from, uint32_t at, uint32_t count)
{
    for (uint32_t i = 0; i < specc_save_count; i++) {
        if (specc_saves[i].layer == layer && at + count <= specc_saves[i].bytes) {
            copy(specc_saves[i].copy + at, from, count);
        }
    }
}

void save_part(const specc_call *done)
{
    const specc_layer *layer = &specc_layers[done->layer];
    const uint8_t *part = completed_part(done);
    if (part) {
        save(done->layer, part, done->row / layer->calls_per_part * layer->part_bytes, layer->part_bytes);
    }
}

void save_input(const uint8_t *from, uint32_t at, uint32_t count)
{
    save(specc_layer_count, from, at, count);
}

static void delta_of_output(float *delta, uint32_t label)
{
    if (!specc_exponentials) {
        for (uint32_t i = 0; i < specc_classes; i++) {
            delta[i] = specc_output_scale * (float)(code(specc_output, specc_output_code_bytes, i) - specc_output_zero);
        }
    } else {
        int32_t most = code(specc_output, specc_output_code_bytes, 0);
        for (uint32_t i = 1; i < specc_classes; i++) {
            int32_t one = code(specc_output, specc_output_code_bytes, i);
            most = one > most ? one : most;
        }
        float sum = 0;
        for (uint32_t i = 0; i < specc_classes; i++) {
            delta[i] = specc_exponentials[most - code(specc_output, specc_output_code_bytes, i)];
            sum += delta[i];
        }
        for (uint32_t i = 0; i < specc_classes; i++) {
            delta[i] /= sum;
        }
    }
    delta[label] -= 1.0f;
}

static inline __attribute__((always_inline)) void of_weights(const specc_gradient *own,
                                                             const float *restrict delta, const uint32_t bytes)
{
    const uint32_t features = own->features, units = own->units;
    const float scale = own->input_scale;
    const int32_t zero = own->input_zero;
    for (uint32_t i = 0; i < features; i++) {
        float x = scale * (float)(code(own->input, bytes, i) - zero);
        float *restrict to = own->gradient + i;
        for (uint32_t unit = 0; unit < units; unit++) {
            to[unit * features] = delta[unit] * x;
        }
    }
}

static inline __attribute__((always_inline)) void to_input(const specc_gradient *own, const float *restrict delta,
                                                           float *restrict to, const uint32_t bytes)
{
    const uint32_t features = own->features, units = own->units;
    for (uint32_t i = 0; i < features; i++) {
        to[i] = 0;
    }
    for (uint32_t unit = 0; unit < units; unit++) {
        const uint8_t *weights = (const uint8_t *)own->weights + unit * features * bytes;
        const float factor = delta[unit] * own->scales[unit];
        for (uint32_t i = 0; i < features; i++) {
            to[i] += factor * (float)code(weights, bytes, i);
        }
    }
}

static void backward(const specc_gradient *own, float *delta, float *to)
{
    float *bias = own->gradient + own->units * own->features;
    for (uint32_t unit = 0; unit < own->units; unit++) {
        int32_t y = code(own->output, own->output_bytes, unit);
        delta[unit] = y > own->floor && y < own->ceiling ? delta[unit] : 0;
        bias[unit] = delta[unit];
    }
    if (own->input_bytes == 1) {
        of_weights(own, delta, 1);
    } else {
        of_weights(own, delta, 2);
    }
    if (own->weights && own->weight_bytes == 1) {
        to_input(own, delta, to, 1);
    } else if (own->weights) {
        to_input(own, delta, to, 2);
    }
}

/* The backward pass is marked in regions behind those of the inference: the loss, then the layers. */
static uint32_t mark_and_read(uint32_t region)
{
    board_mark(specc_layer_count + 2 + region);
    return board_ticks();
}

uint32_t run_backward(uint32_t label)
{
    for (uint32_t i = 0; i < specc_layer_count; i++) {
        specc_layer_ticks[i] = 0;
    }
    uint32_t start = mark_and_read(0);
    delta_of_output(specc_deltas[0], label);
    uint32_t total = board_ticks() - start;
    for (uint32_t i = 0; i < specc_gradient_count; i++) {
        const specc_gradient *own = &specc_gradients[i];
        start = mark_and_read(own->layer + 1);
        backward(own, specc_deltas[i % 2], specc_deltas[(i + 1) % 2]);
        specc_layer_ticks[own->layer] = board_ticks() - start;
        total += specc_layer_ticks[own->layer];
    }
    board_mark(0);
    return total;
}
