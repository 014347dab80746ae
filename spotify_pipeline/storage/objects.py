"""Objects: bytes under a key, replaced whole or not at all. In a folder or in an S3 bucket."""

import errno
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypedDict, TypeVar
from urllib.parse import urlsplit
from uuid import uuid4

from filelock import FileLock

from spotify_pipeline import aws
from spotify_pipeline.errors import StorageError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef


_ATTEMPTS = 10
_WRITING = ".writing-"  # how the names of files begin that are not whole yet

_T = TypeVar("_T")


class ObjectPlace(TypedDict):
    """Where S3 has an object."""

    Bucket: str
    Key: str


class ObjectNotFoundError(StorageError):
    """There is no object with this key."""


class ObjectStore(Protocol):
    """What the stores for raw documents and tables need. Keys are paths with `/` between, relative to the store.

    Attributes:
        at_once: how many calls are worth having under way at the same time.
    """

    at_once: int

    def uri(self, key: str) -> str:
        """The object's path or `s3://` address, for people and other tools."""
        ...

    def get(self, key: str) -> bytes:
        """The object's bytes; `ObjectNotFoundError` where there is none."""
        ...

    def put(self, key: str, content: bytes) -> None:
        """Create or replace the object: readers see the old bytes or the new ones, never a part."""
        ...

    def folders(self, prefix: str) -> list[str]:
        """What follows `prefix` in keys, up to and without the next `/`: each once, sorted; far fewer than keys."""
        ...

    def list(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`, sorted."""
        ...

    def versions(self, prefix: str) -> dict[str, str]:
        """The keys that begin with `prefix`, each with something that is another once the object is replaced."""
        ...

    def sizes(self, prefix: str) -> dict[str, int]:
        """The keys that begin with `prefix`, sorted, each with how many bytes its object has."""
        ...

    def copy(self, source: str, target: str) -> None:
        """Put an object under another key as well; one that is there is replaced."""
        ...

    def move(self, source: str, target: str) -> None:
        """Rename an object; one under the target's key is replaced."""
        ...

    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""
        ...

    def sweep(self) -> None:
        """Remove what killed processes have left of objects that they were writing; nobody may be writing meanwhile."""
        ...


class SharedStore(ObjectStore, Protocol):
    """A store in which several processes can agree on something."""

    def replace(self, key: str, content: bytes, *, seen: bytes | None) -> bool:
        """Put the object, unless it has become another one since it was seen; None where there was none.

        Returns:
            Whether it was put: of several that have seen the same, one is told so.
        """
        ...


def open_store(location: str) -> SharedStore:
    """The store in a folder, or under `s3://bucket/prefix`. Nothing is created or asked yet."""
    if location.startswith("s3://"):
        address = urlsplit(location)
        return S3Store(aws.client("s3"), address.netloc, address.path.strip("/"))
    return FolderStore(Path(location))


def probe(store: ObjectStore) -> None:
    """Make sure that objects can be written, read and deleted; nothing is left behind.

    Raises:
        StorageError: they cannot.
    """
    key, content = f"_probe/{uuid4().hex}", b"Can this be read again?"
    store.put(key, content)
    try:
        read = store.get(key)
    finally:
        store.delete(key)
    if read != content:
        raise StorageError(
            f"What was written to {store.uri(key)} was read as something else: do not trust this storage."
        )


def for_each(store: ObjectStore, keys: Iterable[str], action: Callable[[str], object]) -> None:
    """Do something with each of many objects, so many at once as is worth it; the first error ends it."""
    if store.at_once == 1:
        for key in keys:
            action(key)
        return
    with ThreadPoolExecutor(store.at_once, thread_name_prefix="objects") as pool:
        try:
            for _ in pool.map(action, keys):
                pass
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


class FolderStore:
    """Objects as files in a folder."""

    at_once = 1  # what takes time is the disk, and there is one

    def __init__(self, root: Path) -> None:
        """A store under `root`, which is created with the first object."""
        self._root = root

    def uri(self, key: str) -> str:
        """The file's path."""
        return str(self._root / key)

    def get(self, key: str) -> bytes:
        """The file's bytes."""
        with _explained(self.uri(key)):
            return (self._root / key).read_bytes()

    def put(self, key: str, content: bytes) -> None:
        """Write a file beside the old one and rename it, which POSIX does at once or not at all."""
        path = self._root / key
        with _explained(str(path)):
            # The name begins with a dot, so that neither `list` nor a reader's *.parquet finds it.
            handle, temporary = _within(path.parent, lambda: tempfile.mkstemp(prefix=_WRITING, dir=path.parent))
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(temporary).replace(path)
            except BaseException:
                with suppress(FileNotFoundError):
                    Path(temporary).unlink()
                raise

    def replace(self, key: str, content: bytes, *, seen: bytes | None) -> bool:
        """Write the file while no other process that asks for this one may."""
        lock = self._root / key
        with _explained(str(lock)):
            lock.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(lock.with_name(f".{lock.name}.lock")):
                try:
                    current = self.get(key)
                except ObjectNotFoundError:
                    current = None
                if current == seen:
                    self.put(key, content)
                return current == seen

    def folders(self, prefix: str) -> list[str]:
        """The folders whose paths begin with the prefix, also those with nothing but temporary files."""
        parent, _, beginning = prefix.rpartition("/")
        with _explained(str(self._root / parent)):
            try:
                entries = list(os.scandir(self._root / parent))
            except FileNotFoundError:
                return []
            names = sorted(entry.name for entry in entries if entry.is_dir() and entry.name.startswith(beginning))
            return [name.removeprefix(beginning) for name in names]

    def list(self, prefix: str) -> list[str]:
        """The files under the folder that the prefix names, without temporary ones."""
        return sorted(key for key, _ in self._found(prefix))

    def versions(self, prefix: str) -> dict[str, str]:
        """The files, with their sizes and when they were written, in nanoseconds."""
        found = {}
        for key, entry in self._found(prefix):
            with _explained(entry.path), suppress(FileNotFoundError):  # it has gone since it was listed
                status = entry.stat()
                found[key] = f"{status.st_size}-{status.st_mtime_ns}"
        return found

    def sizes(self, prefix: str) -> dict[str, int]:
        """The files, with their sizes."""
        found = {}
        for key, entry in sorted(self._found(prefix), key=itemgetter(0)):
            with _explained(entry.path), suppress(FileNotFoundError):  # as above
                found[key] = entry.stat().st_size
        return found

    def _found(self, prefix: str) -> "Iterator[tuple[str, os.DirEntry[str]]]":
        """The files whose keys begin with the prefix, by key, in no order."""
        folder = self._root / prefix.rpartition("/")[0]
        root = f"{self._root}{os.sep}"
        with _explained(str(folder)):
            for entry in _files(str(folder)):
                key = entry.path.removeprefix(root).replace(os.sep, "/")
                if key.startswith(prefix):
                    yield key, entry

    def copy(self, source: str, target: str) -> None:
        """Write the file a second time."""
        self.put(target, self.get(source))

    def move(self, source: str, target: str) -> None:
        """Rename the file, and remove folders that this leaves empty."""
        path, new_path = self._root / source, self._root / target
        with _explained(str(path)):
            _within(new_path.parent, lambda: path.replace(new_path))
        self._remove_empty_folders(path.parent)

    def delete(self, key: str) -> None:
        """Remove the file, and folders that this leaves empty."""
        path = self._root / key
        with _explained(str(path)):
            path.unlink(missing_ok=True)
        self._remove_empty_folders(path.parent)

    def sweep(self) -> None:
        """Remove temporary files, which are known by their names: the folder may be one that others use as well."""
        for path in self._root.rglob(f"{_WRITING}*"):
            self.delete(path.relative_to(self._root).as_posix())

    def _remove_empty_folders(self, folder: Path) -> None:
        with suppress(OSError):  # not empty, or somebody else removed it
            while folder != self._root:
                folder.rmdir()
                folder = folder.parent


class S3Store:
    """Objects in an S3 bucket, with the encryption that the bucket prescribes."""

    at_once = aws.CONNECTIONS  # a request takes some 20 ms, nearly all of it on its way

    def __init__(self, client: "S3Client", bucket: str, prefix: str = "") -> None:
        """A store in `bucket`, all keys under `prefix`."""
        self._client, self._bucket, self._prefix = client, bucket, f"{prefix}/" if prefix else ""

    def uri(self, key: str) -> str:
        """The object's `s3://` address."""
        return f"s3://{self._bucket}/{self._prefix}{key}"

    def get(self, key: str) -> bytes:
        """The object's bytes."""
        with self._explained(key):
            return self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)["Body"].read()

    def put(self, key: str, content: bytes) -> None:
        """Write the object with one request, which S3 does at once or not at all."""
        with self._explained(key):
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + key, Body=content)

    def replace(self, key: str, content: bytes, *, seen: bytes | None) -> bool:
        """Write the object under a condition, which S3 checks: that there is none, or still the one seen."""
        from botocore.exceptions import ClientError  # noqa: PLC0415  # as below

        where: ObjectPlace = {"Bucket": self._bucket, "Key": self._prefix + key}
        with self._explained(key):
            try:
                if seen is None:
                    self._client.put_object(**where, Body=content, IfNoneMatch="*")
                    return True
                current = self._client.get_object(**where)
                if current["Body"].read() != seen:
                    return False
                self._client.put_object(**where, Body=content, IfMatch=current["ETag"])
            except ClientError as error:
                # The conflict is what one of several hears that write at the same moment.
                if aws.error_code(error) in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"):
                    return False
                raise
            return True

    def folders(self, prefix: str) -> list[str]:
        """What S3 calls common prefixes, without `prefix` itself."""
        start = self._prefix + prefix
        with self._explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=start, Delimiter="/"
            )
            found = (common["Prefix"] for page in pages for common in page.get("CommonPrefixes", ()))
            return sorted(prefix.removeprefix(start).rstrip("/") for prefix in found)

    def list(self, prefix: str) -> list[str]:
        """The keys that begin with `prefix`."""
        return sorted(self.versions(prefix))

    def versions(self, prefix: str) -> dict[str, str]:
        """The keys that begin with `prefix`, with their ETags, which S3 tells in the same answers."""
        return {key: found["ETag"] for key, found in self._found(prefix)}

    def sizes(self, prefix: str) -> dict[str, int]:
        """The keys that begin with `prefix`, with their sizes, which S3 tells as well; S3 sorts them by bytes."""
        return {key: found["Size"] for key, found in self._found(prefix)}

    def _found(self, prefix: str) -> "Iterator[tuple[str, ObjectTypeDef]]":
        with self._explained(prefix):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix + prefix
            )
            for page in pages:
                for found in page.get("Contents", ()):
                    yield found["Key"].removeprefix(self._prefix), found

    def copy(self, source: str, target: str) -> None:
        """Copy the object inside S3."""
        with self._explained(source):
            self._client.copy_object(
                Bucket=self._bucket,
                Key=self._prefix + target,
                CopySource={"Bucket": self._bucket, "Key": self._prefix + source},
            )

    def move(self, source: str, target: str) -> None:
        """Copy the object inside S3, then delete the source: a crash between leaves both."""
        self.copy(source, target)
        self.delete(source)

    def delete(self, key: str) -> None:
        """Remove the object; S3 does not mind if there is none."""
        with self._explained(key):
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + key)

    def sweep(self) -> None:
        """Nothing: S3 shows no object that was not written whole."""

    @contextmanager
    def _explained(self, key: str) -> Iterator[None]:
        from botocore.exceptions import ClientError  # noqa: PLC0415  # takes a while, and a folder never needs it

        with aws.explained(f"the bucket {self._bucket}", StorageError):
            try:
                yield
            except ClientError as error:
                if aws.error_code(error) in ("NoSuchKey", "404"):
                    raise ObjectNotFoundError(f"There is no {self.uri(key)}.") from None
                raise


def _within(folder: Path, action: Callable[[], _T]) -> _T:
    """Make the folder and do something in it; anew, where somebody else removes it in between because it is empty."""
    for _ in range(_ATTEMPTS - 1):
        with suppress(FileNotFoundError, FileExistsError):  # the latter where it vanishes inside mkdir
            folder.mkdir(parents=True, exist_ok=True)
            return action()
    folder.mkdir(parents=True, exist_ok=True)
    return action()


def _files(folder: str) -> "Iterator[os.DirEntry[str]]":
    """The files in a folder and in those below, without temporary ones.

    Not Path.rglob: it takes a folder that it may not read for an empty one. And not os.walk, which takes twice as long.
    """
    with suppress(FileNotFoundError):  # a folder that somebody removed since it was listed
        with os.scandir(folder) as entries:
            found = list(entries)
        for entry in found:
            if entry.is_dir():
                yield from _files(entry.path)
            elif not entry.name.startswith("."):
                yield entry


@contextmanager
def _explained(path: str) -> Iterator[None]:
    """Turn the operating system's errors into sentences."""
    try:
        yield
    except FileNotFoundError:
        raise ObjectNotFoundError(f"There is no {path}.") from None
    except PermissionError:
        raise StorageError(f"No permission to use {path}: check the owner of the data folder.") from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageError(f"The disk is full: {path} was not written; make room and run again.") from None
        raise StorageError(f"Cannot use {path}: {error.strerror or error}.") from None
