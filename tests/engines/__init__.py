"""Real servers, run and read: apart from the suite, because their packages are large. See `__main__.py`."""
