"""What the real servers serve: one number or text a request, which is given back, or refused with an error."""
