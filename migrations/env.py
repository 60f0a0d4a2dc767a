"""Alembic's entry: migrates as `tollbook_owner`, over a connection given by the caller or the settings."""

from alembic import context
from sqlalchemy import create_engine
from sqlalchemy.pool import NullPool

import billing.answers.models
import billing.chargebacks.models
import billing.costs.models
import billing.models
import billing.quotes.models  # noqa: F401
import core.outbox  # noqa: F401
import metering.models  # noqa: F401
import plans.alerts.models
import plans.licensing.models
import plans.licensing.seats.models
import plans.models  # noqa: F401
import tenants.directory.models
import tenants.mails.models
import tenants.models
import tenants.sso.models
import tenants.webhooks.models  # noqa: F401
from core.db import OWNER, conninfo
from core.models import Base
from core.settings import load_settings


def run() -> None:
    """Run the migrations in one transaction each."""
    url = context.config.attributes.get("database_url") or load_settings().database_url
    engine = create_engine(
        conninfo(url, OWNER).replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
    )
    with engine.connect() as connection:
        context.configure(
            connection=connection,
            target_metadata=Base.metadata,
            transaction_per_migration=True,
            compare_server_default=False,
            include_name=lambda name, kind, _: kind != "schema" or name is None,
        )
        with context.begin_transaction():
            context.run_migrations()


run()
