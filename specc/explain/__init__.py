"""What results mean: cycles and energy by cause, what bounds a target, what a change would gain and did gain."""
