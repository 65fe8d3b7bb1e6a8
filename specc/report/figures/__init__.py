"""Figures of the documents. Each draws one finding and states it in its caption; one without data returns None."""
