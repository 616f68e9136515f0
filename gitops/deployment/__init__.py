"""What is applied from a working copy: an image, an environment without a controller, a job over whole files.

What a controller applies is a release, and belongs in gitops/planner and gitops/commit.
"""
