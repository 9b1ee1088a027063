"""What is true, kept durably; imports nothing of ours."""
