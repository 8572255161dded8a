"""Property tests that find the same examples on every machine, however slow it is."""

from hypothesis import settings

settings.register_profile("machine side", max_examples=100, deadline=None, derandomize=True)
settings.load_profile("machine side")
