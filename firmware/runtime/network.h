/* What a generated network.c offers to the harness. */
#ifndef SPECC_NETWORK_H
#define SPECC_NETWORK_H

#include <stdint.h>

typedef struct {
    const char *name;
    void (*run)(void);  /* a null pointer for a layer without code: its output is its input */
    const void *output; /* valid from the end of run until a later layer reuses the memory */
    uint32_t output_bytes;
} specc_layer;

extern const char specc_network_name[];
extern const specc_layer specc_layers[];
extern const uint32_t specc_layer_count;

/* Input and output codes: little endian, 1 or 2 bytes each. Running the layers may overwrite the input. */
extern void *const specc_input;
extern const uint32_t specc_input_bytes;
extern const void *const specc_output;
extern const uint32_t specc_output_bytes;

/* Room for one time per layer, for the harness. */
extern uint32_t specc_layer_ticks[];

#endif
