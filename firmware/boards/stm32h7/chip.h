/* STM32H743 (RM0433, section 2.3.2, memory map): the serial port is USART3, pins PD8 and PD9. */
#define USART 0x40004800u
