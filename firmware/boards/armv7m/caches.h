/* The first-level caches of a Cortex-M7. */
#ifndef SPECC_CACHES_H
#define SPECC_CACHES_H

/* Invalidates both caches and turns them on. */
void caches_enable(void);

#endif
