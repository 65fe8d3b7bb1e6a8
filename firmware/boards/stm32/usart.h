/* The serial port of an STM32. Each board says which, and how its registers are laid out. */
#ifndef SPECC_USART_H
#define SPECC_USART_H

#include <stdint.h>

enum { BAUD = 115200 };

/* Turns the port on, 8 data bits, no parity, one stop bit, the baud rate divider given. */
void usart_start(uint32_t divider);

#endif
