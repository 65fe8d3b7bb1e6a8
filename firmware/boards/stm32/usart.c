#include "usart.h"

#include "board.h"
#include "chip.h"
#include "port.h"
#include "registers.h"
#include "serial.h"

/* chip.h of a family defines USART, the port's address, and USART_OLD on families with the older layout: RM0090,
 * "Universal synchronous asynchronous receiver transmitter", USART registers; else RM0385, RM0432, RM0433, RM0456, the
 * same chapter (and "Low-power universal asynchronous receiver transmitter"). */
#ifdef USART_OLD
#define STATUS REGISTER(USART + 0x00u)
#define RECEIVED REGISTER(USART + 0x04u)
#define TRANSMITTED REGISTER(USART + 0x04u)
#define DIVIDER REGISTER(USART + 0x08u)
#define CONTROL REGISTER(USART + 0x0Cu)
#define CONTROL_ENABLE (1u << 13)
#else
#define CONTROL REGISTER(USART + 0x00u)
#define DIVIDER REGISTER(USART + 0x0Cu)
#define STATUS REGISTER(USART + 0x1Cu)
#define CLEAR REGISTER(USART + 0x20u)
#define RECEIVED REGISTER(USART + 0x24u)
#define TRANSMITTED REGISTER(USART + 0x28u)
#define CONTROL_ENABLE (1u << 0)
#endif
#define CONTROL_RECEIVER (1u << 2)
#define CONTROL_TRANSMITTER (1u << 3)
#define STATUS_OVERRUN (1u << 3)
#define STATUS_RECEIVED (1u << 5)
#define STATUS_COMPLETE (1u << 6)
#define STATUS_ROOM (1u << 7)

void usart_start(uint32_t divider)
{
    DIVIDER = divider;
    CONTROL = CONTROL_ENABLE | CONTROL_RECEIVER | CONTROL_TRANSMITTER;
}

int board_read(void)
{
    for (;;) {
        uint32_t status = STATUS;
        if (status & STATUS_RECEIVED) {
            return (int)(RECEIVED & 0xFFu); /* on the older layout this clears an overrun as well */
        }
#ifndef USART_OLD
        if (status & STATUS_OVERRUN) {
            CLEAR = STATUS_OVERRUN; /* the flag has the same place in both registers */
        }
#endif
        microseconds(); /* keeps count when the counter wraps around while nothing arrives */
    }
}

void board_write(const char *bytes, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        wait_for(&STATUS, STATUS_ROOM, STATUS_ROOM);
        TRANSMITTED = (uint8_t)bytes[i];
    }
}

void port_flush(void)
{
    if (CONTROL & CONTROL_ENABLE) {
        wait_for(&STATUS, STATUS_COMPLETE, STATUS_COMPLETE);
    }
}
