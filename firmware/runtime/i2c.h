/* An I2C master on two open-drain pins, for sensors with registers of 16 bits: enough to read a current sensor through
 * the board. Pins instead of a peripheral, so that every part has the same. */
#ifndef SPECC_I2C_H
#define SPECC_I2C_H

#include <stdint.h>

/* What a board gives: two lines that are pulled up, each either pulled low (0) or let go (1), and their levels. The
 * first call of i2c_lines sets the pins up. */
void board_i2c_lines(int scl, int sda);
int board_i2c_scl(void);
int board_i2c_sda(void);

/* Reads or writes a register, most significant byte first. 1 if the device acknowledged every byte, 0 if not, or if it
 * held the clock for a millisecond and more. */
int i2c_read_word(uint8_t address, uint8_t which, uint16_t *word);
int i2c_write_word(uint8_t address, uint8_t which, uint16_t word);

#endif
