/* STM32F746 (RM0385, section 2.2.2, memory map): the serial port is USART3, pins PD8 and PD9. */
#define USART 0x40004800u
