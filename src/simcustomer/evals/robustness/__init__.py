"""Robustness: what injections, keywords and rewordings do to customer, appraiser and judge."""
