/* Weights of up to 4 bits, several in a word: the definition of how the generic kernels keep them in flash.
 *
 * WEIGHTS are words of 32 / FIELD_BITS weights in two's complement, in the order of the generic kernel, the first one in
 * the lowest bits. A place is a weight's number. No include guard: included once per layer.
 */
#define WEIGHT_PLACE int32_t
#define FIRST_WEIGHT 0
#define WEIGHT_AT(place) PER_LAYER(field)(place)

static ALWAYS_INLINE int32_t PER_LAYER(field)(int32_t place)
{
    const int32_t in_word = 32 / FIELD_BITS;
    const uint32_t word = (uint32_t)WEIGHTS[place / in_word];
    return (int32_t)(word << (32 - FIELD_BITS - place % in_word * FIELD_BITS)) >> (32 - FIELD_BITS);
}
