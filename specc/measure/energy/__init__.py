"""Energy from recorded current: traces, the inferences in them, and drivers of current sensors."""
