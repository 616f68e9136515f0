"""The style sheets that the model card and api's pages share, in the order in which they apply."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parent
STYLES = (_FOLDER / "theme.css", _FOLDER / "content.css")
"""Colours and type; then figures, tables and facts."""
