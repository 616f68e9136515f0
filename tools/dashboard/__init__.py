"""Load a service, and draw what its dashboard shows then."""
