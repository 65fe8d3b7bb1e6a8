/* What a program that is reached over a serial line needs of its board, beyond board.h, and of the build. */
#ifndef SPECC_SERIAL_H
#define SPECC_SERIAL_H

#include <stdint.h>

/* Time since start-up in microseconds, counted with board_ticks; right if called at least once in every 2^32 ticks. */
uint64_t microseconds(void);

/* Starts the board over, once everything written is out. Does not return. */
void board_restart(void) __attribute__((noreturn));

/* Raises a pin while an inference runs, for instruments beside the board. The first call sets the pin up. */
void board_inference(int running);

/* A positive factor: mantissa * 2^exponent. No target needs floating point for it. */
typedef struct {
    uint32_t mantissa; /* below 2^31 */
    int32_t exponent;
} specc_factor;

/* How a tensor's codes stand for numbers: number = scale * (code - zero_point). */
typedef struct {
    specc_factor factor; /* of the input: codes in one, 1 / scale; of the output: thousandths in a code, 1000 * scale */
    int32_t zero_point;
    uint32_t code_bytes; /* 1 or 2 */
} specc_format;

/* What was built, generated beside the network. */
typedef struct {
    uint8_t hash[8]; /* of all sources, flags and facts that make up the image */
    uint32_t clock_hz;
    specc_format input, output;
} specc_build_facts;

extern const specc_build_facts specc_build;

#endif
