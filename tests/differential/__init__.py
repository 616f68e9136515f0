"""Random pipelines are trained, added and served, and each answer is compared with the estimator's own."""
