"""The failure table: what goes wrong with simulated customers and model judges, provoked and counted."""
