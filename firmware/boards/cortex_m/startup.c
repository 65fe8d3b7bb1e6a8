/* Start-up of a Cortex-M: the vector table and what must happen before C runs. */
#include "board.h"
#include "port.h"
#include "registers.h"
#include "serial.h"
#include "stack_paint.h"

extern uint32_t _data_image[], _data_start[], _data_end[], _bss_start[], _bss_end[], _stack_bottom[], _stack_top[];

int main(void);
void Reset_Handler(void);
void SysTick_Handler(void);

/* Armv7-M Architecture Reference Manual (DDI 0403), System Control Space: VTOR, AIRCR, CPACR. Armv6-M (DDI 0419) and
 * Armv8-M (DDI 0553) have the first two in the same places. */
#define VTOR REGISTER(0xE000ED08u)
#define AIRCR REGISTER(0xE000ED0Cu)
#define AIRCR_RESET (0x05FA0000u | 1u << 2)
#define CPACR REGISTER(0xE000ED88u)
#define CPACR_FPU_FULL_ACCESS (0xFu << 20)

/* A fault starts the board over: the host learns of it, and why is found with a debugger, not over a serial line that
 * may no longer work. */
static void fault(void)
{
    board_exit(1);
}

__attribute__((weak)) void SysTick_Handler(void)
{
    fault();
}

/* Stack pointer, then the handlers of the system exceptions in architectural order; no peripheral's interrupt is ever
 * enabled. */
__attribute__((section(".vectors"), used)) const void *const vectors[16] = {
    _stack_top,    (void *)Reset_Handler, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault, (void *)fault,         0,             0,             0,             (void *)fault,
    (void *)fault, 0,                     (void *)fault, (void *)SysTick_Handler,
};

__attribute__((used, noreturn)) static void start(void)
{
    VTOR = (uint32_t)vectors;
#ifdef __ARM_FP
    CPACR |= CPACR_FPU_FULL_ACCESS;
#endif
    __asm volatile("dsb\n\tisb" ::: "memory");
    /* The volatile accesses keep the compiler from turning these loops into calls of memcpy and memset. */
    volatile uint32_t *to = _data_start;
    for (const uint32_t *from = _data_image; to < _data_end;) {
        *to++ = *from++;
    }
    for (to = _bss_start; to < _bss_end;) {
        *to++ = 0;
    }
    board_exit(main());
    for (;;) {
    }
}

/* Paints the whole stack before anything uses it, then starts C. Written in assembly because it must not use the stack,
 * and of instructions that every Cortex-M has. */
__attribute__((naked)) void Reset_Handler(void)
{
    __asm volatile("ldr r0, =_stack_bottom\n\t"
                   "ldr r1, =_stack_top\n\t"
                   "ldr r2, =%c0\n\t"
                   "1: cmp r0, r1\n\t"
                   "bhs 2f\n\t"
                   "stmia r0!, {r2}\n\t"
                   "b 1b\n\t"
                   "2: ldr r0, =%c1\n\t"
                   "bx r0\n\t"
                   ".ltorg\n\t" ::"i"(STACK_PAINT),
                   "i"(start));
}

void board_restart(void)
{
    port_flush();
    __asm volatile("dsb" ::: "memory");
    AIRCR = AIRCR_RESET;
    for (;;) {
    }
}

void board_exit(int code)
{
    (void)code;
    board_restart();
}

void board_mark(uint32_t region)
{
    (void)region; /* nobody observes a real board from outside */
}

const char *board_tick_unit(void)
{
    return "cycles";
}
