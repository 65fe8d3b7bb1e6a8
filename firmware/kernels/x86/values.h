/* Input codes as the kernels want them: of 8 bits unsigned (128 more), since VPDPBUSD multiplies unsigned by signed bytes;
 * WIDE ones as they are, in 16 bits. The bias holds what the zero point and the 128 add up to. No include guard. */
#if WIDE
#define VALUE_T int16_t
#define VALUE(code) ((int16_t)(code))
#else
#define VALUE_T uint8_t
#define VALUE(code) ((uint8_t)((code) ^ 0x80))
#endif
#define WORD_TAPS (4 / (int32_t)sizeof(VALUE_T)) /* in a word of 32 bits, which vectors multiply in each lane */
