/* Access to registers. */
#ifndef SPECC_REGISTERS_H
#define SPECC_REGISTERS_H

#include <stdint.h>

#define REGISTER(address) (*(volatile uint32_t *)(address))

/* Sets the bits of a field, which `mask` covers in place, to `value`, in place. */
static inline void set_field(volatile uint32_t *to, uint32_t mask, uint32_t value)
{
    *to = (*to & ~mask) | value;
}

static inline void wait_for(const volatile uint32_t *from, uint32_t mask, uint32_t value)
{
    while ((*from & mask) != value) {
    }
}

#endif
