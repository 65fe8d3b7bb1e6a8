"""Choosing hardware: candidates with their figures, the recommendation, and a decision tree over requirements."""
