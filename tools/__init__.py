"""Programs for maintainers: they write pages and pictures of docs/, or measure for long, with the tests' helpers."""
