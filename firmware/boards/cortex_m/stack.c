/* How deep the stack has been, told by the paint that start-up left on it. */
#include "board.h"
#include "stack_paint.h"

extern uint32_t _stack_bottom[], _stack_top[];

uint32_t board_stack_used(void)
{
    const volatile uint32_t *word = _stack_bottom;
    while (word < _stack_top && *word == STACK_PAINT) {
        word++;
    }
    return (uint32_t)((_stack_top - word) * sizeof *word);
}

uint32_t board_stack_reserved(void)
{
    return (uint32_t)((_stack_top - _stack_bottom) * sizeof *_stack_bottom);
}
