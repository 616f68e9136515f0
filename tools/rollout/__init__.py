"""Replace, overload and kill servers under callers who count every request."""
