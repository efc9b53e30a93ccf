"""Evaluation: suites, runs, scorers of the customer, calibration of judge and appraiser, the persona gate, reports."""
