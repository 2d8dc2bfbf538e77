"""Process settings: defaults that work, and for every unusable value one sentence that never repeats the value."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.settings import SettingsError, read_settings


def test_without_any_variable_everything_lives_in_the_home_folder(installation: Path) -> None:
    settings = read_settings()
    assert settings.home == installation
    assert settings.database == f"sqlite:///{installation / 'connector.db'}"
    assert settings.key_file == installation / "secret.key"
    assert settings.budget_file == installation / "budget.db"


def test_a_relative_home_is_made_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_HOME", "somewhere")
    assert read_settings().home == tmp_path / "somewhere"


@pytest.mark.parametrize(
    "given",
    ["postgres://me:pw@host/name", "postgresql://me:pw@host/name", "postgresql+psycopg://me:pw@host/name"],
)
def test_every_spelling_of_a_postgresql_url_uses_the_installed_driver(
    given: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONNECTOR_DATABASE_URL", given)
    assert read_settings().database == "postgresql+psycopg://me:pw@host/name"


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("LOG_LEVEL", "LOUD", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("PREFECT_PORT", "eighty", "valid integer"),
        ("PREFECT_PORT", "70000", "less than or equal to 65535"),
        ("DEBUG_EXCHANGES", "perhaps", "valid boolean"),
        ("TIKTOK_READS_PER_SECOND", "0", "greater than 0"),
        ("TIKTOK_WRITES_PER_SECOND", "-3", "greater than 0"),
        ("PRESTASHOP_CALLS_PER_SECOND", "5000", "less than or equal to 1000"),
        ("DATABASE_URL", "mysql://root:hunter2@host/name", "must be a SQLite or PostgreSQL URL"),
        ("DATABASE_URL", "hunter2", "is not a database URL"),
    ],
)
def test_an_unusable_value_is_named_and_not_repeated(
    name: str, value: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"CONNECTOR_{name}", value)
    with pytest.raises(SettingsError) as caught:
        read_settings()
    text = str(caught.value)
    assert text.startswith(f"CONNECTOR_{name} ")
    assert says in text
    assert value not in text.replace("or equal to 1000", "").replace("greater than 0", "")
    assert "hunter2" not in text
    assert "\n" not in text


def test_every_unusable_value_is_reported_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_LOG_LEVEL", "LOUD")
    monkeypatch.setenv("CONNECTOR_PREFECT_PORT", "eighty")
    with pytest.raises(SettingsError, match=r"CONNECTOR_LOG_LEVEL .*; CONNECTOR_PREFECT_PORT "):
        read_settings()


def test_the_key_is_not_shown_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_SECRET_KEY", "hunter2")
    assert "hunter2" not in repr(read_settings())


def test_a_dotenv_file_is_read_and_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env").write_text("CONNECTOR_PREFECT_PORT=4300\nCONNECTOR_LOG_LEVEL=DEBUG\n")
    monkeypatch.setenv("CONNECTOR_LOG_LEVEL", "ERROR")
    settings = read_settings()
    assert (settings.prefect_port, settings.log_level) == (4300, "ERROR")


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "::", "shop.example"])
def test_the_prefect_server_is_not_opened_to_others_without_a_login(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONNECTOR_PREFECT_HOST", host)
    with pytest.raises(SettingsError, match="set CONNECTOR_PREFECT_LOGIN=user:password"):
        read_settings()
    monkeypatch.setenv("CONNECTOR_PREFECT_LOGIN", "nobody")
    with pytest.raises(SettingsError, match="CONNECTOR_PREFECT_LOGIN must be user:password") as refused:
        read_settings()
    assert "nobody" not in str(refused.value)
    monkeypatch.setenv("CONNECTOR_PREFECT_LOGIN", "admin:open sesame")
    assert read_settings().prefect_host == host
    assert "sesame" not in repr(read_settings())
