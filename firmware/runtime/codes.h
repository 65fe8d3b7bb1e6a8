/* Numbers for the codes of the network's input and output, without floating point. */
#ifndef SPECC_CODES_H
#define SPECC_CODES_H

#include <stdint.h>

/* The input code nearest to a number, which comes as the four bytes of an IEEE 754 float, little endian. A number
 * beyond the codes has the last of them; what is no number has that of zero. */
int32_t input_code(const uint8_t *bytes);

/* Writes the number that an output code stands for, with three decimals. */
void write_output_code(int32_t code);

#endif
