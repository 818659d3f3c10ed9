"""Settings, read once from the environment (FRANCHISE_*) into a frozen value."""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path

from environs import Env

from server.errors import Misconfigured

_UNSAFE_SECRET = "change-me"  # noqa: S105  (refused outside the demo)


@dataclass(frozen=True, slots=True)
class Settings:
    """What an installation chooses. Each field is the environment variable FRANCHISE_<FIELD>."""

    database_url: str = "sqlite:///var/franchise.db"
    """SQLAlchemy URL; sqlite:///… or postgresql+psycopg://…"""
    files_dir: Path = Path("var/files")
    """Where evidence and payment files are kept, by their SHA-256."""
    secret_key: str = _UNSAFE_SECRET
    """Signs cookies and CSRF tokens. At least 32 characters."""
    demo: bool = False
    """Show the demo people on the sign-in page. Never on a real installation."""
    base_url: str = "http://127.0.0.1:8000"
    """Public address, for links in QR codes and files."""
    default_locale: str = "en"
    """en, fr or es, for people who have not chosen."""
    secure_cookies: bool = False
    """Send cookies over HTTPS only; set it wherever the site is reached by https."""
    session_hours: int = 12
    max_upload_mb: int = 32
    live_instances: int = 1_000
    """Running instances that a process keeps in memory, so that a step need not load them."""
    live_streams: int = 32
    """Diagrams that are followed live at the same moment, in a process; 0 = they ask again from time to time."""
    webhooks: tuple[tuple[str, str], ...] = ()
    """Addresses that service tasks may call: name=https://…,name=https://…"""
    log_format: str = "text"
    """text or json."""
    log_level: str = "INFO"

    def checked(self) -> Settings:
        """Raise Misconfigured for settings that would run an unsafe site."""
        if not self.demo and (self.secret_key == _UNSAFE_SECRET or len(self.secret_key) < 32):
            raise Misconfigured(what="Set FRANCHISE_SECRET_KEY to a random text of at least 32 characters.")
        if self.default_locale not in ("en", "fr", "es"):
            raise Misconfigured(what="FRANCHISE_DEFAULT_LOCALE must be en, fr or es.")
        if any(not url.startswith(("https://", "http://")) for _, url in self.webhooks):
            raise Misconfigured(what="FRANCHISE_WEBHOOKS must be name=https://…, separated by commas.")
        return self


def load() -> Settings:
    """Read the environment; unknown variables are ignored, malformed ones raise environs' error."""
    env = Env()
    with env.prefixed("FRANCHISE_"):
        d = Settings()
        return Settings(
            database_url=env.str("DATABASE_URL", d.database_url),
            files_dir=env.path("FILES_DIR", d.files_dir),
            secret_key=env.str("SECRET_KEY", d.secret_key),
            demo=env.bool("DEMO", d.demo),
            base_url=env.str("BASE_URL", d.base_url),
            default_locale=env.str("DEFAULT_LOCALE", d.default_locale),
            secure_cookies=env.bool("SECURE_COOKIES", d.secure_cookies),
            session_hours=env.int("SESSION_HOURS", d.session_hours),
            max_upload_mb=env.int("MAX_UPLOAD_MB", d.max_upload_mb),
            live_instances=env.int("LIVE_INSTANCES", d.live_instances),
            live_streams=env.int("LIVE_STREAMS", d.live_streams),
            webhooks=tuple(env.dict("WEBHOOKS", {}).items()),
            log_format=env.str("LOG_FORMAT", d.log_format),
            log_level=env.str("LOG_LEVEL", d.log_level),
        )


def names() -> tuple[str, ...]:
    """The environment variables, in the order of the fields."""
    return tuple(f"FRANCHISE_{f.name.upper()}" for f in fields(Settings))
