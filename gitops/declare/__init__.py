"""Change what is declared: the owner's names, the environments and their components; whole or not at all."""
