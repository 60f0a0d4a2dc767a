"""Bring a database to the newest schema, from Python."""

from pathlib import Path

from alembic import command
from alembic.config import Config

from migrations.roles import prepare_roles

__all__ = ("alembic_config", "upgrade_database")


def alembic_config(database_url: str) -> Config:
    """Return Alembic's configuration for that database."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option(
        "file_template",
        "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s",
    )
    config.attributes["database_url"] = database_url
    return config


def upgrade_database(database_url: str) -> None:
    """Make the roles and run all migrations that are missing; safe to repeat."""
    prepare_roles(database_url)
    command.upgrade(alembic_config(database_url), "head")
