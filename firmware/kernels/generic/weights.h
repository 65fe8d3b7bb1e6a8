/* How the generic kernels reach a weight: here as an array's element, in fields.h as some bits of a word.
 *
 * A place is what a kernel adds to. No include guard: included once per layer.
 */
#ifndef WEIGHT_AT
#define WEIGHT_PLACE const WEIGHT_T *
#define FIRST_WEIGHT WEIGHTS
#define WEIGHT_AT(place) (*(place))
#endif
