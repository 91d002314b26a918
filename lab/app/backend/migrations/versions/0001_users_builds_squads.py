"""Users, builds, squads and their members.

Revision: 0001
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def number() -> sa.Column:
    return sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True)


def moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def owner() -> sa.Column:
    return sa.Column("owner_id", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), nullable=False)


def upgrade() -> None:
    op.create_table(
        "users",
        number(),
        sa.Column("username", sa.String(40), nullable=False, unique=True),
        sa.Column("password_hash", sa.String(200), nullable=False),
        moment("created_at"),
    )
    op.create_table(
        "builds",
        number(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("profession", sa.String(20), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        owner(),
        moment("created_at"),
        moment("updated_at"),
    )
    op.create_index("ix_builds_profession", "builds", ["profession"])
    op.create_index("ix_builds_owner_id", "builds", ["owner_id"])
    op.create_table(
        "squads",
        number(),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("description", sa.Text, nullable=False, server_default=""),
        owner(),
        moment("created_at"),
        moment("updated_at"),
    )
    op.create_index("ix_squads_owner_id", "squads", ["owner_id"])
    op.create_table(
        "squad_members",
        sa.Column("squad_id", sa.BigInteger, sa.ForeignKey("squads.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("build_id", sa.BigInteger, sa.ForeignKey("builds.id", ondelete="SET NULL")),
        moment("joined_at"),
    )


def downgrade() -> None:
    for table in ("squad_members", "squads", "builds", "users"):
        op.drop_table(table)
