/* What a family's converter is to the sampler of an STM32: pairs of conversions, written into a ring without end. */
#ifndef SPECC_CONVERTER_H
#define SPECC_CONVERTER_H

#include <stdint.h>

/* Starts SAMPLER_HERTZ pairs a second, of PB0 and then PB1, into a ring of `count` conversions. */
void converter_start(volatile uint16_t *ring, uint32_t count);

/* How many conversions the ring takes before the writer is at its beginning again. */
uint32_t converter_left(void);

/* Whether a conversion was lost before it was written. */
int converter_overran(void);

#endif
