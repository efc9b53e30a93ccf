"""How true the players are, in one page: what is measured now, and what was measured by hand and kept."""
