/* What a generated gradients.c offers to the backward pass: see specc/numerics/gradients.py for its arithmetic. */
#ifndef SPECC_BACKWARD_H
#define SPECC_BACKWARD_H

#include "network.h"

#include <stdint.h>

/* A tensor that the backward pass reads, and an inference overwrites: it is copied when the layer has made it. */
typedef struct {
    uint32_t layer; /* whose output it is; specc_layer_count for the input */
    uint8_t *copy;
    uint32_t bytes;
} specc_save;

extern const specc_save specc_saves[];
extern const uint32_t specc_save_count;

/* A dense layer, from the last to the first. */
typedef struct {
    uint32_t layer;
    uint32_t units;
    uint32_t features;
    const void *weights; /* (units, features); a null pointer where no layer before needs them */
    uint32_t weight_bytes;
    const float *scales; /* of the weights, for each unit */
    const void *output;
    uint32_t output_bytes;
    const void *input;
    uint32_t input_bytes;
    int32_t input_zero;
    float input_scale;
    int32_t floor; /* the gradient passes where the output lies between these, both left out */
    int32_t ceiling;
    float *gradient; /* weights (units, features), then biases (units) */
} specc_gradient;

extern const specc_gradient specc_gradients[];
extern const uint32_t specc_gradient_count;

/* The output, and the loss: e to the power of minus a distance of codes; a null pointer behind a softmax. */
extern const uint32_t specc_classes;
extern const float *const specc_exponentials;
extern const uint32_t specc_output_code_bytes;
extern const int32_t specc_output_zero;
extern const float specc_output_scale;

/* Two vectors to work in, each as long as the widest layer. */
extern float *const specc_deltas[2];

/* Copies what a call completed, where it is saved. */
void save_part(const specc_call *done);

/* Copies the input, or a row of it, where it is saved. */
void save_input(const uint8_t *from, uint32_t at, uint32_t count);

/* Gradients of the cross-entropy of a label, behind an inference whose tensors were saved. Returns the ticks of the loss
 * and of all layers, with those of each layer in specc_layer_ticks. */
uint32_t run_backward(uint32_t label);

#endif
