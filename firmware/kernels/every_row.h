/* The whole of a layer whose tensors lie in memory whole: its rows, one after the other. No include guard. */
void PER_LAYER(layer)(void)
{
#ifdef COPIED
    PER_LAYER(copy_input)();
#endif
    for (int32_t y = 0; y < OUT_HEIGHT; y++) {
        PER_LAYER(ROW_FUNCTION)(y);
    }
}
