"""A version goes from dev to prod by git push alone, and one that answers wrongly comes back by itself.

One cluster and one repository go through all of it: the files are run in the order of their names, each from where the
last one left it. What was typed and answered is left in build/promotion.svg. E2E_GITOPS is a command that brings up
Argo CD and a Git server (`up`) and makes it look at Git (`sync`); E2E_REMOTE is that server's address from here, and
E2E_INSIDE from there; E2E_FLUX is a folder with Flux's definitions.
"""
