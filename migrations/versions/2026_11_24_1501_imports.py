"""Files sent for import: how each is read, how far it has come, its pieces, its bad rows."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from core.models import UtcDateTime
from migrations.policies import secure

revision = "0006_imports"
down_revision = "0005_chargebacks"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Expand only: the previous release must still run on the result."""
    op.execute("set local lock_timeout = '4s'")
    op.execute("set local statement_timeout = '5min'")
    op.create_table(
        "import_job",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("content_hash", sa.LargeBinary(), nullable=False),
        sa.Column("plan_hash", sa.LargeBinary(), nullable=False),
        sa.Column("plan", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("preset", sa.Text(), nullable=False),
        sa.Column("dry_run", sa.Boolean(), nullable=False),
        sa.Column("preview", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("rows_expected", sa.BigInteger(), nullable=False),
        sa.Column("rows_read", sa.BigInteger(), nullable=False),
        sa.Column("rows_skipped", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("duplicate", sa.BigInteger(), nullable=False),
        sa.Column("conflict", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.Column("unmetered", sa.BigInteger(), nullable=False),
        sa.Column("pending_at", UtcDateTime(), nullable=True),
        sa.Column("error_code", sa.Text(), nullable=False),
        sa.Column("error_detail", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status in ('queued', 'running', 'done', 'cancelled', 'failed')", name=op.f("ck_import_job_status")
        ),
        sa.CheckConstraint("(status = 'failed') = (error_code <> '')", name=op.f("ck_import_job_failed_says_why")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_import_job")),
        sa.UniqueConstraint(
            "tenant_id",
            "content_hash",
            "plan_hash",
            "dry_run",
            name=op.f("uq_import_job_tenant_id_content_hash_plan_hash_dry_run"),
        ),
    )
    op.create_index(
        "ix_import_job_waiting",
        "import_job",
        ["tenant_id", "created_at"],
        unique=False,
        postgresql_where=sa.text("status in ('queued', 'running')"),
    )
    op.create_table(
        "import_part",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["import_job.tenant_id", "import_job.id"],
            name=op.f("fk_import_part_tenant_id_job_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", "number", name=op.f("pk_import_part")),
    )
    op.create_table(
        "import_fault",
        sa.Column("tenant_id", sa.UUID(), nullable=False),
        sa.Column("job_id", sa.UUID(), nullable=False),
        sa.Column("row_number", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.SmallInteger(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "job_id"],
            ["import_job.tenant_id", "import_job.id"],
            name=op.f("fk_import_fault_tenant_id_job_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "job_id", "row_number", "position", name=op.f("pk_import_fault")),
    )
    # The file and how it is read stay as they were; an import only gets on.
    progress = (
        "preview", "status", "started_at", "finished_at", "rows_read", "rows_skipped", "accepted", "duplicate",
        "conflict", "rejected", "unmetered", "pending_at", "error_code", "error_detail", "created_at", "created_by",
    )  # fmt: skip
    secure(op, "import_job", app_update_columns=progress)
    # A worker holds a file by locking its first piece, which takes a right to update.
    secure(op, "import_part", app="select, insert, delete", app_update_columns=("number",))
    # A dry run that is begun again begins its list again.
    secure(op, "import_fault", app="select, insert, delete")


def downgrade() -> None:
    """Undo the expansion."""
    for table in ("import_fault", "import_part", "import_job"):
        op.drop_table(table)
