"""Answer HTTP requests with the predictions of a bundle's model.

Making, checking and loading bundles does not belong here (model), nor does moving versions (gitops).
"""
