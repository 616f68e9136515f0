"""A bundle as an image of its own, which a cluster mounts beside the server: no image of the server is built for it.

Making the image needs nothing but the bundle; only `registry` talks to a registry.
"""
