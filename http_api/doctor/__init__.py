"""What ``lockstep doctor`` checks, a noun a file, and how it says what it found."""
