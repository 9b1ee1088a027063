"""Hold the rules of a list, pure: commands in, entries out, and the fold that replays them."""
