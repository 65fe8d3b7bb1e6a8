"""What hardware that is not at hand would take: published results, and a model learned from them."""
