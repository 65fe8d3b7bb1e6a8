/* What the virtual board lacks to be reached over its serial line. */
#include "board.h"
#include "serial.h"

enum { EXIT_RESTART = 75 }; /* the process that runs the board starts it over at this exit code: see pty.py */

void board_inference(int running)
{
    (void)running; /* nobody watches pins of the virtual board */
}

void board_restart(void)
{
    board_exit(EXIT_RESTART);
    for (;;) {
    }
}
