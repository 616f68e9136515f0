"""One module for each protocol: pure functions from a request to a question, and from answers to a response.

Sockets, keys, limits and counting do not belong here.
"""
