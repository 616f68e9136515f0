"""How numbers, texts and figures are written for people, as text, SVG and CSS, on the card and on api's pages.

What a card or a page says does not belong here, nor does anything that knows a manifest or a request.
"""
