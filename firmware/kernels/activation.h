/* The activation of a layer as a pass of its own: each output row once more, behind the kernel, which leaves the codes
 * of the layer before its activation. What fusing it into the kernel saves is this pass. No include guard. */
static void PER_LAYER(activated_row)(int32_t y)
{
    PER_LAYER(row)(y);
    OUTPUT_T *output = OUTPUT_ROW(y);
    for (int32_t i = 0; i < ROW_CODES; i++) {
        output[i] = (OUTPUT_T)smaller(larger(output[i], ACTIVATION_LOW), ACTIVATION_HIGH);
    }
}
