/* STM32F746 (RM0385, section 2.2.2, memory map): the serial port is USART3, pins PD8 and PD9. */
#define USART 0x40004800u
/* Port B and the register that turns it on (RM0385, memory map; RCC_AHB1ENR). */
#define PORT_B 0x40020400u
#define PORT_B_CLOCK 0x40023830u
