/* The I2C lines of the virtual board: a register of its own, see machine.py. */
#include "i2c.h"

#define LINES (*(volatile uint32_t *)0x40006000u)
#define SCL (1u << 0)
#define SDA (1u << 1)

void board_i2c_lines(int scl, int sda)
{
    LINES = (scl ? SCL : 0u) | (sda ? SDA : 0u);
}

int board_i2c_scl(void)
{
    return (LINES & SCL) != 0;
}

int board_i2c_sda(void)
{
    return (LINES & SDA) != 0;
}
