/* What a generated network.c offers to the harness. */
#ifndef SPECC_NETWORK_H
#define SPECC_NETWORK_H

#include <stdint.h>

/* A layer runs as a whole, in one call, or by rows, in many. Its output appears in parts: all of it at once, or row by
 * row. Part n is there once calls_per_part * (n + 1) calls are done, until a later call needs its memory; of a layer that runs
 * in tiles, once they are done in the last one. */
typedef struct {
    const char *name;
    void (*run)(void);            /* as a whole; a null pointer for a layer without code, whose output is its input */
    void (*run_row)(int32_t row); /* one call by rows; a null pointer for a layer that runs as a whole */
    const uint8_t *output;
    uint32_t part_bytes;          /* 0: the layer's output exists nowhere */
    uint16_t parts_kept;          /* part n lies at place n modulo this */
    uint16_t calls_per_part;      /* more than 1 only where rows are added up, or tiles beside each other */
    uint16_t tiles;               /* 1: all columns at once */
} specc_layer;

extern const char specc_network_name[];
extern const specc_layer specc_layers[];
extern const uint32_t specc_layer_count;

/* An inference: these calls, one after the other. Layer specc_layer_count stands for the arrival of an input row; a layer
 * beyond it, by a number of tiles, for the end of a tile: if it was not the last, the next tile begins `row` calls back. */
typedef struct {
    uint16_t layer;
    uint16_t row;
} specc_call;

/* Calls of a layer from this number on copy a tile's columns of an input row, and make nothing of it yet. */
#define FIRST_COPY 0x8000

extern const specc_call specc_calls[];
extern const uint32_t specc_call_count;

/* Input and output codes: little endian, 1 or 2 bytes each. Running the layers may overwrite the input. Where the input
 * arrives by rows, row r of it goes to place r modulo specc_input_rows_kept; else that is 0, and there is one place. */
extern uint8_t *const specc_input;
extern const uint32_t specc_input_bytes; /* of the whole input */
extern const uint32_t specc_input_row_bytes;
extern const uint32_t specc_input_rows_kept;
extern const void *const specc_output;
extern const uint32_t specc_output_bytes;

extern uint32_t specc_tile; /* that runs, from 0 */

/* Room for one time per layer, for the harness. */
extern uint32_t specc_layer_ticks[];

#endif
