/* Running the network, with the time of every layer; what every protocol shares. */
#ifndef SPECC_INFERENCE_H
#define SPECC_INFERENCE_H

#include <stdint.h>

/* Runs one layer and returns its ticks. */
uint32_t run_layer(uint32_t index);

/* Runs all layers and returns the ticks of the whole; those of each layer are in specc_layer_ticks. */
uint32_t run_network(void);

#endif
