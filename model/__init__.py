"""Teach or import a scikit-learn model, pack it as a bundle, prove it, load it."""
