"""Make the pictures of README.md, docs/serving.md and docs/promotion.md again."""
