"""Signatures of bundles with a key, in the format of OpenSSF's model-signing 1.1, made and verified offline.

Only this package imports cryptography, and nothing imports this package before a key is needed.
"""
