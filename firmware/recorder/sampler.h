/* What a recorder needs of its board, beyond board.h: an analog-to-digital converter that a timer starts. */
#ifndef SPECC_SAMPLER_H
#define SPECC_SAMPLER_H

#include <stdint.h>

/* Pairs of conversions a second, and the largest number that one can be. */
enum { SAMPLER_HERTZ = 20000, SAMPLER_TOP = 4095 };

typedef struct {
    uint16_t current; /* behind the amplifier of the sense resistor */
    uint16_t mark;    /* the line that is high during an inference, converted right after */
} sampler_pair;

typedef enum { SAMPLER_EMPTY, SAMPLER_PAIR, SAMPLER_LOST } sampler_state;

void sampler_start(void);

/* Takes the next pair, if one is there. SAMPLER_LOST: some were overwritten before they were taken. */
sampler_state sampler_take(sampler_pair *pair);

#endif
