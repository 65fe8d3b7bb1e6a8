#include "caches.h"

#include "registers.h"

/* Armv7-M Architecture Reference Manual (DDI 0403), B3.2.8 (CCR), B4.1 (identification) and B2.2.7 (maintenance). */
#define CCR REGISTER(0xE000ED14u)
#define CCR_DC (1u << 16)
#define CCR_IC (1u << 17)
#define CCSIDR REGISTER(0xE000ED80u)
#define CSSELR REGISTER(0xE000ED84u)
#define ICIALLU REGISTER(0xE000EF50u)
#define DCISW REGISTER(0xE000EF60u)

enum { LINE_SHIFT = 5 }; /* lines of 32 bytes: Cortex-M7 Technical Reference Manual (DDI 0489), L1 caches */

static void barrier(void)
{
    __asm volatile("dsb\n\tisb" ::: "memory");
}

void caches_enable(void)
{
    ICIALLU = 0;
    barrier();
    CCR |= CCR_IC;
    barrier();
    CSSELR = 0; /* the data cache of level 1 */
    barrier();
    uint32_t last_set = CCSIDR >> 13 & 0x7FFFu, last_way = CCSIDR >> 3 & 0x3FFu;
    /* The way's number stands at the top of the word. */
    uint32_t way_shift = (uint32_t)__builtin_clz(last_way | 1u);
    for (uint32_t set = 0; set <= last_set; set++) {
        for (uint32_t way = 0; way <= last_way; way++) {
            DCISW = way << way_shift | set << LINE_SHIFT;
        }
    }
    barrier();
    CCR |= CCR_DC;
    barrier();
}
