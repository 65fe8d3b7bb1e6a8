/* Start-up of a Cortex-M: the vector table and what must happen before C runs. */
#include "stack_paint.h"

#include <stdint.h>

extern uint32_t _data_image[], _data_start[], _data_end[], _bss_start[], _bss_end[], _stack_bottom[], _stack_top[];

int main(void);
void Reset_Handler(void);
void board_exit(int code);

/* Armv7-M Architecture Reference Manual (DDI 0403), B3.2.20: coprocessor access control register. A core without one ignores it. */
#define CPACR (*(volatile uint32_t *)0xE000ED88u)
#define CPACR_FPU_FULL_ACCESS (0xFu << 20)

#define EXIT_FAULT 70

static void fault(void) {
    board_exit(EXIT_FAULT);
}

/* Stack pointer, then the handlers of the system exceptions in architectural order; no interrupt is ever enabled. */
__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    _stack_top,    (void *)Reset_Handler, (void *)fault, (void *)fault, (void *)fault, (void *)fault,
    (void *)fault, 0,                     0,             0,             0,             (void *)fault,
    (void *)fault, 0,                     (void *)fault, (void *)fault,
};

__attribute__((used, noreturn)) static void start(void) {
    CPACR |= CPACR_FPU_FULL_ACCESS;
    __asm volatile("dsb\n\tisb" ::: "memory");
    /* The volatile accesses keep the compiler from turning these loops into calls of memcpy and memset. */
    volatile uint32_t *to = _data_start;
    for (const uint32_t *from = _data_image; to < _data_end;) *to++ = *from++;
    for (to = _bss_start; to < _bss_end;) *to++ = 0;
    board_exit(main());
    for (;;) {
    }
}

/* Paints the whole stack before anything uses it, then starts C. Written in assembly because it must not use the stack.
 * The pattern is a literal so that it cannot differ from the one board_stack_used() looks for. */
__attribute__((naked)) void Reset_Handler(void) {
    __asm volatile("ldr r0, =_stack_bottom\n\t"
                   "ldr r1, =_stack_top\n\t"
                   "ldr r2, =%c0\n\t"
                   "1: cmp r0, r1\n\t"
                   "bhs 2f\n\t"
                   "stm r0!, {r2}\n\t"
                   "b 1b\n\t"
                   "2: ldr r0, =%c1\n\t"
                   "bx r0\n\t" ::"i"(STACK_PAINT),
                   "i"(start));
}
