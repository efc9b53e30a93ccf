"""The keyless players: deterministic, no model, no network."""
