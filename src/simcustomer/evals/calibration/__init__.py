"""Calibration: how far judge and appraiser agree with people, and level tables learned from what people rated."""
