"""Tests of docs/fidelity.md and what stands on it."""
