"""The words of every message: a `.txt` with its subject and an `.html` for each template. Files only."""
