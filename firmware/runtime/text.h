/* Text on the board's serial line, and the reading of it; what both text protocols share. */
#ifndef SPECC_TEXT_H
#define SPECC_TEXT_H

#include <stdint.h>

void write_text(const char *text);
void write_number(uint32_t number);
void write_hex(const uint8_t *bytes, uint32_t count);

/* Whether two texts are equal. */
int same(const char *a, const char *b);

/* Value of a hexadecimal digit in either case, or -1. */
int hex_digit(int character);

#endif
