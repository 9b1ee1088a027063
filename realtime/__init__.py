"""What is happening now, per socket and per replica."""
