"""The parts of the play, each with a player that asks a model and a built-in player that needs none."""
