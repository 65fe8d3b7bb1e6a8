#include "dwt.h"

#include "board.h"
#include "registers.h"

/* Armv7-M Architecture Reference Manual (DDI 0403), C1.6.5 and C1.8: debug monitor control, watchpoint and trace unit.
 * The lock is that of CoreSight components; on the Cortex-M7 it is closed after reset, elsewhere writing to it does
 * nothing. */
#define DEMCR REGISTER(0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL REGISTER(0xE0001000u)
#define DWT_CTRL_CYCCNTENA 1u
#define DWT_CYCCNT REGISTER(0xE0001004u)
#define DWT_LAR REGISTER(0xE0001FB0u)
#define LAR_UNLOCK 0xC5ACCE55u

void cycles_start(void)
{
    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = LAR_UNLOCK;
    DWT_CYCCNT = 0;
    DWT_CTRL |= DWT_CTRL_CYCCNTENA;
}

uint32_t board_ticks(void)
{
    return DWT_CYCCNT;
}
