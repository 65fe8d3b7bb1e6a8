/* What start-up needs of a board's serial port. */
#ifndef SPECC_PORT_H
#define SPECC_PORT_H

/* Waits until everything written is on the wire. Must return even if the port was never set up. */
void port_flush(void);

#endif
