"""How far long work is, and what it waits for: told by whoever works, shown by whoever started it."""


class Progress:
    """Shows nothing; what has a terminal, a log or Dagster at hand derives from it."""

    def count(self, done: int, total: int, text: str) -> None:
        """So many of so many things are done; `text` says what came of the newest."""

    def tell(self, text: str) -> None:
        """Something else that is worth knowing now, such as what is being waited for."""


SILENT = Progress()
