"""Choosing bit widths: the cheapest quantization table that keeps a spec's precision contract and every proof."""
