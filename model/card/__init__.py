"""What a model is and how good it is: words and figures for a terminal and for a page."""
