"""The files that follow from environments.yaml and the overlays, and whether the working tree has them.

Each module returns the content of some files as text or objects; only files.py reads and writes them.
"""
