"""Numbers: the quantized network, its bit-exact golden model, and the fp32 reference it approximates."""
