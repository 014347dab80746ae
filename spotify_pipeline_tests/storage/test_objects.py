import errno
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle, islice
from pathlib import Path
from threading import Barrier
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from spotify_pipeline.errors import StorageError
from spotify_pipeline.storage.objects import (
    FolderStore,
    ObjectNotFoundError,
    ObjectStore,
    S3Store,
    for_each,
    open_store,
    probe,
)

NOBODY = 65534
KEYS = ["day=2/b.json", "day=2/a.json", "day=10/a.json", "day=1/a b é.json", "other/x"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(folder: Path) -> FolderStore:
    return FolderStore(folder)


def files_in(folder: Path) -> list[str]:
    """Every file, temporary ones included."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir())


@contextmanager
def ordinary_user() -> Iterator[None]:
    """Work as somebody without special rights: nothing is refused to the superuser."""
    is_root = os.geteuid() == 0
    if is_root:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if is_root:
            os.seteuid(0)


def sentence_of(action: Callable[[], Any]) -> str:
    """The message of the storage error that this raises, which must be one clear line."""
    with pytest.raises(StorageError) as caught:
        action()
    assert not isinstance(caught.value, ObjectNotFoundError)
    assert "\n" not in str(caught.value)
    return str(caught.value)


# What both stores do


def test_a_probe_of_a_good_store_leaves_nothing_behind(objects: ObjectStore) -> None:
    objects.put("a", b"1")
    probe(objects)
    assert objects.list("") == ["a"]


@pytest.mark.parametrize("content", [b"", b"\0\xff\n", b"x" * 300_000])
def test_an_object_is_got_as_it_was_put(objects: ObjectStore, content: bytes) -> None:
    objects.put("a/b/c.json", content)
    assert objects.get("a/b/c.json") == content


def test_putting_an_object_again_replaces_it(objects: ObjectStore) -> None:
    objects.put("a/b", b"a long first content")
    objects.put("a/b", b"short")
    assert objects.get("a/b") == b"short"
    assert objects.list("") == ["a/b"]


def test_objects_are_listed_by_prefix_in_order(objects: ObjectStore) -> None:
    for key in KEYS:
        objects.put(key, b"")
    assert objects.list("") == sorted(KEYS)
    assert objects.list("day=2/") == ["day=2/a.json", "day=2/b.json"]
    assert objects.list("day=1") == ["day=1/a b é.json", "day=10/a.json"]
    assert objects.list("day=2/a") == ["day=2/a.json"]
    assert objects.list("day=2/a.json") == ["day=2/a.json"]
    assert objects.list("day=3/") == objects.list("nowhere/at/all/") == []


def test_a_version_changes_when_the_object_is_replaced_and_only_then(objects: ObjectStore) -> None:
    for key in ("a/1", "a/2", "b"):
        objects.put(key, b"content")
    before = objects.versions("a/")
    assert objects.versions("a/") == before
    objects.put("a/1", b"CONTENT")
    after = objects.versions("a/")
    assert after.keys() == before.keys() == {"a/1", "a/2"}
    assert after["a/1"] != before["a/1"]
    assert after["a/2"] == before["a/2"]


def test_folders_are_listed_once_and_without_what_lies_deeper(objects: ObjectStore) -> None:
    for key in KEYS:
        objects.put(key, b"")
    assert objects.folders("") == ["day=1", "day=10", "day=2", "other"]
    assert objects.folders("day=") == ["1", "10", "2"]
    assert objects.folders("day=2/") == objects.folders("nowhere/") == []


def test_an_empty_store_lists_nothing(objects: ObjectStore) -> None:
    assert objects.list("") == objects.list("any/") == objects.folders("") == []


@pytest.mark.parametrize("key", ["missing", "a/missing", "a/b/missing/too"])
def test_an_object_that_is_missing_is_named(objects: ObjectStore, key: str) -> None:
    objects.put("a/b/c", b"")
    with pytest.raises(ObjectNotFoundError) as caught:
        objects.get(key)
    assert str(caught.value) == f"There is no {objects.uri(key)}."


def test_a_moved_object_is_at_its_new_place_only(objects: ObjectStore) -> None:
    objects.put("staged/day/a b é", b"1")
    objects.move("staged/day/a b é", "final/a b é")
    assert objects.list("") == ["final/a b é"]
    assert objects.get("final/a b é") == b"1"


def test_moving_replaces_what_is_there(objects: ObjectStore) -> None:
    objects.put("new", b"new")
    objects.put("old/one", b"old")
    objects.move("new", "old/one")
    assert objects.get("old/one") == b"new"
    assert objects.list("") == ["old/one"]


def test_moving_what_is_missing_says_so_and_keeps_what_is_there(objects: ObjectStore) -> None:
    objects.put("target", b"kept")
    with pytest.raises(ObjectNotFoundError) as caught:
        objects.move("missing/source", "target")
    assert str(caught.value) == f"There is no {objects.uri('missing/source')}."
    assert objects.get("target") == b"kept"


def test_a_deleted_object_is_gone_and_the_others_stay(objects: ObjectStore) -> None:
    objects.put("a/1", b"")
    objects.put("a/2", b"")
    objects.delete("a/1")
    assert objects.list("") == ["a/2"]


def test_deleting_what_is_missing_is_done_already(objects: ObjectStore) -> None:
    objects.delete("never/there")
    objects.put("a", b"")
    objects.delete("b")
    assert objects.list("") == ["a"]


def test_two_stores_at_one_place_see_the_same_and_at_two_places_do_not(location: str) -> None:
    open_store(f"{location}/one").put("key", b"1")
    assert open_store(f"{location}/one").get("key") == b"1"
    assert open_store(f"{location}/on").list("") == open_store(f"{location}/two").list("") == []
    assert open_store(location).list("") == ["one/key"]


def test_the_uri_is_where_the_object_is(location: str) -> None:
    assert open_store(location).uri("a/b.json") == f"{location}/a/b.json"


def test_concurrent_writers_leave_one_of_their_contents_whole(location: str) -> None:
    contents = [bytes([letter]) * 200_000 for letter in b"abcd"]

    def write(content: bytes) -> None:
        store = open_store(location)
        for _ in range(5):
            store.put("contested", content)
            assert store.get("contested") in contents

    with ThreadPoolExecutor(len(contents)) as pool:
        list(pool.map(write, contents))
    assert open_store(location).list("") == ["contested"]


# A folder


def test_opening_a_folder_creates_nothing(folder: Path) -> None:
    open_store(str(folder)).list("")
    assert not folder.exists()


def test_temporary_files_of_others_are_not_listed(store: FolderStore, folder: Path) -> None:
    store.put("a/b", b"")
    (folder / "a" / ".being-written").touch()
    assert store.list("") == store.list("a/") == ["a/b"]


@pytest.mark.parametrize("remove", [FolderStore.delete, lambda store, key: store.move(key, "elsewhere")])
def test_folders_that_become_empty_go_and_others_stay(
    remove: Callable[[FolderStore, str], None], store: FolderStore, folder: Path
) -> None:
    store.put("a/b/c", b"")
    store.put("a/kept", b"")
    remove(store, "a/b/c")
    assert not (folder / "a" / "b").exists()
    assert (folder / "a" / "kept").exists()


def test_the_folder_of_the_store_stays_when_it_becomes_empty(store: FolderStore, folder: Path) -> None:
    store.put("a", b"")
    store.delete("a")
    assert folder.is_dir()


def test_writers_do_not_mind_that_others_remove_the_folders_they_empty(folder: Path) -> None:
    def work(worker: int) -> None:
        store = FolderStore(folder)
        for number in range(200):
            store.put(f"staged/x/{worker}/{number}", b"1")
            store.list("staged/")
            store.move(f"staged/x/{worker}/{number}", f"final/y/{worker}")
            store.delete(f"final/y/{worker}")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, range(4)))
    assert files_in(folder) == []


@pytest.mark.parametrize("broken", ["os.fsync", "pathlib.Path.replace"])
@pytest.mark.parametrize("old", [None, b"old"])
def test_a_crash_while_writing_leaves_the_old_object_and_no_stray_file(
    broken: str, old: bytes | None, store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if old is not None:
        store.put("a/b", old)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(broken, stop)
        with pytest.raises(KeyboardInterrupt):
            store.put("a/b", b"new")
    assert files_in(folder) == ([] if old is None else ["a/b"])
    if old is not None:
        assert store.get("a/b") == old


def test_content_is_on_the_disk_before_it_is_given_its_name(
    store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[list[str]] = []
    monkeypatch.setattr(os, "fsync", lambda _: seen.append(store.list("")))
    store.put("a", b"1")
    assert seen == [[]]
    assert files_in(folder) == ["a"]


def test_a_killed_writer_leaves_the_old_or_the_new_object_whole(store: FolderStore, folder: Path) -> None:
    program = (
        "import sys\n"
        "from itertools import cycle\n"
        "from pathlib import Path\n"
        "from spotify_pipeline.storage.objects import FolderStore\n"
        "store = FolderStore(Path(sys.argv[1]))\n"
        "for letter in cycle(b'ab'):\n"
        "    store.put('a/contested', bytes([letter]) * 500_000)\n"
        "    print(flush=True)\n"
    )
    for delay in islice(cycle([0, 0.001, 0.003, 0.007]), 12):
        with subprocess.Popen([sys.executable, "-c", program, str(folder)], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()  # it has begun
            time.sleep(delay)
            writer.send_signal(signal.SIGKILL)
        assert store.get("a/contested") in (b"a" * 500_000, b"b" * 500_000)
        assert store.list("") == ["a/contested"]
        assert list(folder.glob("a/[!.]*")) == [folder / "a/contested"]


def test_a_full_disk_is_said_and_leaves_the_old_object(
    store: FolderStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put("a/b", b"old")

    def temporary_on_a_full_disk(prefix: str, **where: Any) -> tuple[int, str]:
        path = Path(where["dir"], f"{prefix}temporary")
        path.symlink_to("/dev/full")
        return os.open(path, os.O_WRONLY), str(path)

    monkeypatch.setattr(tempfile, "mkstemp", temporary_on_a_full_disk)
    sentence = sentence_of(lambda: store.put("a/b", b"new"))
    assert sentence == f"The disk is full: {folder / 'a/b'} was not written; make room and run again."
    assert store.get("a/b") == b"old"
    assert files_in(folder) == ["a/b"]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_when_the_content_is_flushed_is_said_too(
    code: int, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    assert sentence_of(lambda: store.put("a", b"")).startswith("The disk is full: ")
    assert store.list("") == []


def test_a_folder_without_permission_is_said_for_every_operation() -> None:
    with tempfile.TemporaryDirectory() as name:  # tmp_path lies in folders that only its owner may enter
        folder = Path(name)
        folder.chmod(0o755)
        store = FolderStore(folder)
        store.put("a/b", b"")
        folder.joinpath("a").chmod(0)
        operations: list[Callable[[], Any]] = [
            lambda: store.put("a/c", b""),
            lambda: store.get("a/b"),
            lambda: store.list(""),  # which must not be taken for empty
            lambda: store.list("a/"),
            lambda: store.versions("a/"),
            lambda: store.move("a/b", "a/c"),
            lambda: store.delete("a/b"),
        ]
        try:
            with ordinary_user():
                sentences = [sentence_of(operation) for operation in operations]
        finally:
            folder.joinpath("a").chmod(0o700)
    for sentence in sentences:
        assert sentence.startswith(f"No permission to use {folder}")
        assert sentence.endswith(": check the owner of the data folder.")


def test_a_file_in_place_of_the_folder_is_said_for_every_operation(store: FolderStore, folder: Path) -> None:
    folder.write_text("in the way")
    operations: list[Callable[[], Any]] = [
        lambda: store.put("a/b", b""),
        lambda: store.get("a/b"),
        lambda: store.list(""),
        lambda: store.list("a/"),
        lambda: store.move("a/b", "c"),
        lambda: store.delete("a/b"),
    ]
    for operation in operations:
        assert sentence_of(operation).startswith(f"Cannot use {folder}")


def test_a_folder_in_place_of_an_object_is_said(store: FolderStore, folder: Path) -> None:
    store.put("a/b", b"")
    for operation in (lambda: store.put("a", b""), lambda: store.get("a"), lambda: store.delete("a")):
        assert sentence_of(operation).startswith(f"Cannot use {folder / 'a'}: ")
    assert files_in(folder) == ["a/b"]


# A bucket


def test_more_objects_than_one_answer_lists_are_all_listed(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "2")  # of Amazon's 1000
    store = open_store(f"s3://{bucket}")
    for key in KEYS:
        store.put(key, b"")
    assert store.list("") == sorted(KEYS)


def test_a_bucket_without_prefix_is_a_store_too(bucket: str) -> None:
    store = open_store(f"s3://{bucket}/")
    store.put("a/b", b"1")
    assert store.uri("a/b") == f"s3://{bucket}/a/b"
    assert (store.list(""), store.get("a/b")) == (["a/b"], b"1")


@pytest.mark.usefixtures("s3")
def test_a_missing_bucket_is_named_by_every_operation() -> None:
    store = open_store("s3://no-such-bucket/prefix")
    operations: list[Callable[[], Any]] = [
        lambda: store.put("a", b""),
        lambda: store.get("a"),
        lambda: store.list("a"),
        lambda: store.folders("a"),
        lambda: store.move("a", "b"),
        lambda: store.delete("a"),
    ]
    for operation in operations:
        assert sentence_of(operation) == (
            "There is no such thing as the bucket no-such-bucket: create it, or correct its name in the settings."
        )


@pytest.mark.usefixtures("s3")
@pytest.mark.parametrize(
    ("call", "operation"),
    [
        ("put_object", lambda store: store.put("key", b"")),
        ("get_object", lambda store: store.get("key")),
        ("list_objects_v2", lambda store: store.list("key")),
        ("list_objects_v2", lambda store: store.folders("key")),
        ("copy_object", lambda store: store.move("key", "other")),
        ("delete_object", lambda store: store.delete("key")),
    ],
)
def test_denied_access_is_said_by_every_operation(call: str, operation: Callable[[ObjectStore], Any]) -> None:
    client = boto3.client("s3")
    with Stubber(client) as stub:
        stub.add_client_error(call, "AccessDenied", "Access Denied", http_status_code=403)
        sentence = sentence_of(lambda: operation(S3Store(client, "theirs", "prefix")))
    assert re.fullmatch(r"AWS denies \w+ on the bucket theirs \(Access Denied\): give the role that .*", sentence)


def test_without_credentials_the_address_and_the_reason_are_said(
    bucket: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)  # it remembers credentials
    sentence = sentence_of(lambda: open_store(f"s3://{bucket}").put("a", b""))
    assert sentence.startswith(f"No AWS credentials for the bucket {bucket} (Unable to locate credentials): ")


def test_an_unreachable_s3_is_said(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    assert sentence_of(lambda: open_store(f"s3://{bucket}").get("a")).startswith(f"Cannot reach the bucket {bucket} (")


# Many objects


def test_a_copied_object_is_in_both_places(objects: ObjectStore) -> None:
    objects.put("a/b", b"1")
    objects.put("c", b"old")
    objects.copy("a/b", "c")
    assert (objects.get("a/b"), objects.get("c")) == (b"1", b"1")
    with pytest.raises(ObjectNotFoundError):
        objects.copy("missing", "c")
    assert objects.get("c") == b"1"


def test_something_is_done_with_each_of_many_objects(objects: ObjectStore) -> None:
    keys = [f"{number}/a" for number in range(40)]
    for_each(objects, keys, lambda key: objects.put(key, key.encode()))
    assert objects.list("") == sorted(keys)
    for_each(objects, keys[1:], objects.delete)
    assert objects.list("") == keys[:1]


def test_as_many_at_once_as_the_store_takes(folder: Path) -> None:
    store = FolderStore(folder)
    store.at_once = 4
    together = Barrier(4, timeout=10)
    for_each(store, list("abcdefgh"), lambda _: together.wait())


def test_the_first_error_ends_it(objects: ObjectStore) -> None:
    done: list[str] = []

    def act(key: str) -> None:
        if key == "3":
            raise StorageError("no")
        done.append(key)
        time.sleep(0.01)

    with pytest.raises(StorageError, match="no"):
        for_each(objects, map(str, range(2000)), act)
    assert len(done) < 1000


# Probing


class ForgetfulStore(FolderStore):
    """Reads something else than was written."""

    def get(self, key: str) -> bytes:
        return super().get(key)[:-1]


def test_a_store_that_reads_something_else_than_was_written_is_found_out(folder: Path) -> None:
    assert "was read as something else" in sentence_of(lambda: probe(ForgetfulStore(folder)))
    assert files_in(folder) == []


def test_a_store_that_cannot_be_written_is_found_out(folder: Path) -> None:
    folder.write_text("a file where a folder should be")
    assert f"Cannot use {folder}" in sentence_of(lambda: probe(FolderStore(folder)))
