"""Tests of the images, and of what is said about them."""
