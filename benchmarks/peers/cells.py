"""What a row's values are: numbers alone where the model has only those, which is quicker to check."""

import os

Cell = float if os.environ["NUMBERS"] == "1" else float | str | None
