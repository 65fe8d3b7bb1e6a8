/* One call of a layer that runs by rows. No include guard. */
void PER_LAYER(layer)(int32_t y)
{
    PER_LAYER(ROW_FUNCTION)(y);
}
