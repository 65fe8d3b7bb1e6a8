/* The device end of the MLPerf Tiny serial protocol, performance mode. */
#ifndef SPECC_MLPERF_H
#define SPECC_MLPERF_H

/* Writes what a device writes after start-up. */
void mlperf_start(void);

/* Takes one character of a command; commands end in '%'. */
void mlperf_take(char character);

#endif
