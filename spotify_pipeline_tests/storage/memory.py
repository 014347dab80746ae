"""A store in this process's memory, for tests that make hundreds of days."""

from hashlib import sha256

from spotify_pipeline.storage.objects import ObjectNotFoundError


class MemoryStore:
    """Objects in a dictionary."""

    at_once = 1

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def uri(self, key: str) -> str:
        return f"memory/{key}"

    def get(self, key: str) -> bytes:
        try:
            return self.objects[key]
        except KeyError:
            raise ObjectNotFoundError(f"There is no {self.uri(key)}.") from None

    def put(self, key: str, content: bytes) -> None:
        self.objects[key] = content

    def replace(self, key: str, content: bytes, *, seen: bytes | None) -> bool:
        if self.objects.get(key) != seen:
            return False
        self.put(key, content)
        return True

    def folders(self, prefix: str) -> list[str]:
        following = (key.removeprefix(prefix) for key in self.list(prefix))
        return sorted({rest.partition("/")[0] for rest in following if "/" in rest})

    def list(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))

    def versions(self, prefix: str) -> dict[str, str]:
        return {key: sha256(self.objects[key]).hexdigest() for key in self.list(prefix)}

    def sizes(self, prefix: str) -> dict[str, int]:
        return {key: len(self.objects[key]) for key in self.list(prefix)}

    def copy(self, source: str, target: str) -> None:
        self.put(target, self.get(source))

    def move(self, source: str, target: str) -> None:
        self.copy(source, target)
        self.delete(source)

    def delete(self, key: str) -> None:
        self.objects.pop(key, None)

    def sweep(self) -> None:
        """Nothing is written halfway."""
