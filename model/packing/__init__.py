"""From a fitted estimator to a bundle. Nothing here is needed to serve one."""
