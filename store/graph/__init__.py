"""Project the lists into a graph, and answer from it what to do next, and why."""
