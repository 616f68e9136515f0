"""Derive the compact form of a model from the fitted parameters of steps whose meaning is known.

Nothing here asks a model what it answers: a step that is not known means that there is no compact form.
"""
