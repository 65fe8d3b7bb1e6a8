/* Columns of a depthwise convolution in planes: what dwconv.inc says of them. No include guard: included once per layer. */
#include "x86/codes.h"

#include "x86/columns.h"

#define VECTOR (64 / (int32_t)sizeof(VALUE_T)) /* outputs at a time */
#define BLOCKS (VECTOR / 16)
#define VECTORS ((TILE * CHANNELS + VECTOR - 1) / VECTOR)
#define TAPS (KERNEL_HEIGHT * KERNEL_WIDTH)
#define TAP_WORDS ((TAPS + WORD_TAPS - 1) / WORD_TAPS)
#define BIASES (WEIGHTS + PATTERNS * TAP_WORDS * BLOCKS * 16)
#define SCALING                                                                                                        \
    {BIASES + PATTERNS * VECTOR, BIASES + PATTERNS * 2 * VECTOR, BIASES + PATTERNS * 3 * VECTOR, UP, OUTPUT_ZERO_POINT, \
     CLAMP_LOW, CLAMP_HIGH}
#define PLANES (STRIDE_WIDTH < KERNEL_WIDTH ? STRIDE_WIDTH : KERNEL_WIDTH)
#define PLANE_COLUMNS (TILE + (KERNEL_WIDTH - 1) / STRIDE_WIDTH)
#define PLANE (PLANE_COLUMNS * CHANNELS)

/* Where the codes under a tap begin; those behind the last tap have no weight. */
static ALWAYS_INLINE int32_t PER_LAYER(place)(int32_t tap)
{
    const int32_t own = smaller(tap, TAPS - 1), row = own / KERNEL_WIDTH, column = own % KERNEL_WIDTH;
    return (row * PLANES + column % STRIDE_WIDTH) * PLANE + column / STRIDE_WIDTH * CHANNELS;
}
