"""The demo fleet: processes of their own that serve real requests to a small model and tell of it as real engines do.

Nothing here imports Django: the servers stand for machines elsewhere, and only HTTP joins them to the product.
"""
