/* Running the network, with the time of every layer; what every protocol shares. */
#ifndef SPECC_INFERENCE_H
#define SPECC_INFERENCE_H

#include "network.h"

#include <stdint.h>

/* What an inference needs of a protocol. */
typedef struct {
    int (*take_row)(uint32_t row, uint8_t *to); /* puts an input row into its place; 0: there is none, give up. Its
                                                 * time is not the network's. */
    void (*show)(const specc_call *done);       /* is told of every call; a null pointer: nobody wants to know */
} inference_client;

/* Runs all layers. Returns 0 if the client gave up, else 1 with the ticks of the whole in `total`, less those spent
 * waiting for rows, and those of each layer in specc_layer_ticks. */
int run_network(const inference_client *client, uint32_t *total);

/* Runs one call, and adds its ticks to those of its layer. */
void run_call(const specc_call *call);

/* Where row r of an input that arrives by rows goes. */
uint8_t *input_row(uint32_t row);

/* The part of the layer's output that a call completed, or a null pointer. */
const uint8_t *completed_part(const specc_call *done);

#endif
