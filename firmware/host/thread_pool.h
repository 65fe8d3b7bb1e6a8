/* Threads that share the work of one layer after the other. */
#ifndef SPECC_THREAD_POOL_H
#define SPECC_THREAD_POOL_H

#include <stdint.h>

/* Has `run(first, end)` do the parts from 0 to count - 1, each of them once, in any order and on any thread, and returns
 * when all are done. To be called by the main thread alone. */
void parallel_for(void (*run)(int32_t first, int32_t end), int32_t count);

#endif
