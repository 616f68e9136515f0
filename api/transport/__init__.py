"""What speaks to sockets: the granian server, the fast path, the Flask application, the admin server, draining.

A transport builds an Exchange and sends its response; nothing here knows a protocol or decides what is answered.
"""
