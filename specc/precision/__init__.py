"""The precision contract: how far gradients and outputs of a quantized network are from those in full precision."""
