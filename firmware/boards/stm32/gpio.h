/* Pins of an STM32. All families here have the same port registers: RM0090, RM0385, RM0432, RM0433, RM0456, chapter
 * "General-purpose I/Os", GPIOx_MODER and GPIOx_AFRL, GPIOx_AFRH. */
#ifndef SPECC_GPIO_H
#define SPECC_GPIO_H

#include "registers.h"

/* Hands a pin of a port to a peripheral. */
static inline void pin_function(uint32_t port, uint32_t pin, uint32_t function)
{
    const uint32_t mode_alternate = 2;
    set_field(&REGISTER(port + 0x20u + 4u * (pin / 8u)), 0xFu << 4u * (pin % 8u), function << 4u * (pin % 8u));
    set_field(&REGISTER(port), 3u << 2u * pin, mode_alternate << 2u * pin);
}

#endif
