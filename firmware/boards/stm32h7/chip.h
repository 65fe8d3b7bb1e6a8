/* STM32H743 (RM0433, section 2.3.2, memory map): the serial port is USART3, pins PD8 and PD9. */
#define USART 0x40004800u
/* Port B and the register that turns it on (RM0433, memory map; RCC_AHB4ENR). */
#define PORT_B 0x58020400u
#define PORT_B_CLOCK 0x580244E0u
