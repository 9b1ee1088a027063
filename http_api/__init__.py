"""The edge: HTTP routes, settings, the web page, the command line, process start."""
