/* Port of the firmware to the virtual board: UART, cycle counter, probe.
 *
 * The cycle counter is the processor's own, at its architectural address, so that the same code reads real silicon. UART,
 * probe and exit registers are devices of the virtual board; machine.py implements them.
 */
#include "board.h"
#include "stack_paint.h"

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* Armv7-M Architecture Reference Manual (DDI 0403), C1.6.5 and C1.8: debug monitor control, watchpoint and trace unit. */
#define DEMCR REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT REGISTER(0xE0001004u)

#define UART_DATA REGISTER(0x40004000u)
#define UART_STATUS REGISTER(0x40004004u)
#define UART_RECEIVED 1u
#define PROBE_REGION REGISTER(0x40005000u)
#define PROBE_EXIT REGISTER(0x40005004u)

extern uint32_t _stack_bottom[], _stack_top[];

void board_init(void) {
    DEMCR |= DEMCR_TRCENA;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

__attribute__((noinline)) uint32_t board_ticks(void) {
    return DWT_CYCCNT;
}

const char *board_tick_unit(void) {
    return "cycles";
}

__attribute__((noinline)) void board_mark(uint32_t region) {
    PROBE_REGION = region;
}

int board_read(void) {
    while (!(UART_STATUS & UART_RECEIVED)) {
    }
    return (int)(UART_DATA & 0xFFu);
}

void board_write(const char *bytes, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) UART_DATA = (uint8_t)bytes[i];
}

void board_exit(int code) {
    PROBE_EXIT = (uint32_t)code;
    for (;;) {
    }
}

uint32_t board_stack_used(void) {
    const volatile uint32_t *word = _stack_bottom;
    while (word < _stack_top && *word == STACK_PAINT) word++;
    return (uint32_t)((_stack_top - word) * sizeof *word);
}

uint32_t board_stack_reserved(void) {
    return (uint32_t)((_stack_top - _stack_bottom) * sizeof *_stack_bottom);
}
