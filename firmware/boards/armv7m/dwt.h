/* The cycle counter of Armv7-M and Armv8-M cores. */
#ifndef SPECC_DWT_H
#define SPECC_DWT_H

/* Starts the counter at zero. */
void cycles_start(void);

#endif
