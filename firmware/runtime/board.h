/* What the harness needs from a board. Each board folder, and the host, implements these nine functions. */
#ifndef SPECC_BOARD_H
#define SPECC_BOARD_H

#include <stdint.h>

/* Called once before anything else: clocks, UART, counters. */
void board_init(void);

/* A free-running counter. It may wrap around; differences are taken modulo 2^32. */
uint32_t board_ticks(void);

/* What a tick is: "cycles" or "ns". */
const char *board_tick_unit(void);

/* Tell an observer which code runs: 0 is outside of any layer, n is the layer with index n - 1. */
void board_mark(uint32_t region);

/* Next byte of the command stream, waiting for it; -1 when the stream has ended. */
int board_read(void);

void board_write(const char *bytes, uint32_t count);

/* End the program. Does not return on a host; a board may stop. */
void board_exit(int code);

/* Deepest use of the stack so far, and its size, in bytes; both 0 where the board cannot tell. */
uint32_t board_stack_used(void);
uint32_t board_stack_reserved(void);

#endif
