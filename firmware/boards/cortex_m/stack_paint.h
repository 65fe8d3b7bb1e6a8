/* The word that fills unused stack, shared by start-up and stack.c. */
#ifndef SPECC_STACK_PAINT_H
#define SPECC_STACK_PAINT_H

#define STACK_PAINT 0xA5C35A3Cu

#endif
