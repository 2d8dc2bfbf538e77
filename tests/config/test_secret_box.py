"""The secret box: what is stored cannot be read, changed or opened without the key, and keys can be replaced."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from config.secret_box import SecretBox, SecretBoxError, new_key
from config.settings import read_settings


def test_what_goes_in_comes_out_and_does_not_show() -> None:
    box = SecretBox([new_key()])
    token = box.encrypt("Clé-secrète")
    assert "secr" not in token
    assert box.decrypt(token) == "Clé-secrète"
    assert token != box.encrypt("Clé-secrète"), "equal secrets do not look equal"


def test_the_key_does_not_show_in_a_repr() -> None:
    key = new_key()
    assert key not in repr(SecretBox([key]))


def test_without_a_key_in_the_environment_a_key_file_only_for_its_owner_is_made(installation: Path) -> None:
    token = SecretBox.open(read_settings()).encrypt("secret")
    key_file = installation / "secret.key"
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    assert [path.name for path in installation.iterdir()] == ["secret.key"]
    assert SecretBox.open(read_settings()).decrypt(token) == "secret"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_key_file_that_others_can_reach_is_refused(installation: Path, mode: int) -> None:
    SecretBox.open(read_settings())
    (installation / "secret.key").chmod(mode)
    with pytest.raises(SecretBoxError, match="chmod 600"):
        SecretBox.open(read_settings())


def test_an_empty_key_file_is_not_filled_silently(installation: Path) -> None:
    installation.mkdir()
    (installation / "secret.key").touch(mode=0o600)
    with pytest.raises(SecretBoxError, match="is empty"):
        SecretBox.open(read_settings())


def test_the_environment_comes_before_the_key_file(installation: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", new_key())
    SecretBox.open(read_settings())
    assert not (installation / "secret.key").exists()


def test_a_malformed_key_says_how_to_make_a_good_one_and_is_not_repeated() -> None:
    with pytest.raises(SecretBoxError, match="connector new-key") as caught:
        SecretBox(["hunter2"])
    assert "hunter2" not in str(caught.value)


def test_no_key_at_all_is_an_error() -> None:
    with pytest.raises(SecretBoxError):
        SecretBox([])


def test_rotation_new_key_first_then_the_old_one(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = new_key(), new_key()
    token = SecretBox([old]).encrypt("secret")
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", f"{new}, {old}")
    both = SecretBox.open(read_settings())
    assert both.decrypt(token) == "secret"
    assert SecretBox([new]).decrypt(both.rotate(token)) == "secret"
    with pytest.raises(SecretBoxError):
        SecretBox([old]).decrypt(both.rotate(token))


def test_another_key_opens_nothing_and_the_error_says_what_to_do() -> None:
    token = SecretBox([new_key()]).encrypt("secret")
    with pytest.raises(SecretBoxError, match="CONNECTOR_SECRET_KEY") as caught:
        SecretBox([new_key()]).decrypt(token)
    assert token not in str(caught.value)
    with pytest.raises(SecretBoxError):
        SecretBox([new_key()]).rotate(token)


def test_a_changed_token_is_refused() -> None:
    box = SecretBox([new_key()])
    token = box.encrypt("secret")
    middle = len(token) // 2
    changed = token[:middle] + ("A" if token[middle] != "A" else "B") + token[middle + 1 :]
    with pytest.raises(SecretBoxError):
        box.decrypt(changed)


def test_processes_that_start_at_once_agree_on_one_key(installation: Path) -> None:
    code = (
        "import sys; from config.settings import read_settings; from config.secret_box import SecretBox;"
        "sys.stdin.read(); box = SecretBox.open(read_settings()); print(box.encrypt('secret'))"
    )
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for process in processes:
        assert process.stdin
        process.stdin.close()
        process.stdin = None
    tokens = [process.communicate()[0].strip() for process in processes]
    box = SecretBox.open(read_settings())
    assert [box.decrypt(token) for token in tokens] == ["secret"] * 3
    assert [path.name for path in installation.iterdir()] == ["secret.key"]
