"""Try to refute that two forms of a model answer alike. Nothing here compiles or writes."""
