"""Score whole files and the tables of data engines: Arrow in, Arrow out, in bounded memory.

The only package that imports pyarrow at the top; nothing here knows of requests.
"""
