/* Takes back what code.h defines. No include guard. */
#undef MULTIPLIER_PARTS
#undef NEXT_PART
#undef CODE
#undef FURTHER
#undef CODE_OPERANDS
