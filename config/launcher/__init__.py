"""One command on a bare machine: makes the environment, starts the private servers, watches them, and stops them."""
