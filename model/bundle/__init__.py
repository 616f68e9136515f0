"""A bundle on disk: its manifest, reading and writing it. Nothing here runs a model."""
