"""first tables

Revision ID: 0001
Revises:
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go from the revision before to this one."""
    op.create_table(
        "content",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("hash", name=op.f("pk_content")),
    )
    op.create_table(
        "person",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("name", name=op.f("uq_person_name")),
    )
    op.create_table(
        "worker",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_worker")),
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("person_id", sa.String(), nullable=False),
        sa.Column("mode", sa.String(), nullable=False),
        sa.Column("difficulty", sa.Integer(), nullable=False),
        sa.Column("persona", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("opening", sa.Text(), nullable=False),
        sa.Column("players", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_conversation_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
    )
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_person_id"), ["person_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_conversation_started_at"), ["started_at"], unique=False)

    op.create_table(
        "branch",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("parent", sa.Integer(), nullable=True),
        sa.Column("from_turn", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("csat", sa.Integer(), nullable=True),
        sa.Column("survey", sa.Text(), nullable=True),
        sa.Column("hints_used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "parent"],
            ["branch.conversation_id", "branch.number"],
            name=op.f("fk_branch_conversation_id_parent"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_branch_conversation_id")
        ),
        sa.PrimaryKeyConstraint("conversation_id", "number", name=op.f("pk_branch")),
    )
    op.create_table(
        "conversation_content",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_conversation_content_conversation_id")
        ),
        sa.ForeignKeyConstraint(["hash"], ["content.hash"], name=op.f("fk_conversation_content_hash")),
        sa.PrimaryKeyConstraint("conversation_id", "kind", "name", name=op.f("pk_conversation_content")),
    )
    with op.batch_alter_table("conversation_content", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_conversation_content_hash"), ["hash"], unique=False)

    op.create_table(
        "model_call",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=True),
        sa.Column("turn", sa.Integer(), nullable=True),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("model", sa.String(), nullable=False),
        sa.Column("ok", sa.Boolean(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=False),
        sa.Column("input_tokens", sa.Integer(), nullable=True),
        sa.Column("output_tokens", sa.Integer(), nullable=True),
        sa.Column("cost_usd", sa.Float(), nullable=True),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"], ["conversation.id"], name=op.f("fk_model_call_conversation_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_model_call")),
    )
    with op.batch_alter_table("model_call", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_model_call_conversation_id"), ["conversation_id"], unique=False)

    op.create_table(
        "scorecard",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("asked", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overall", sa.Float(), nullable=True),
        sa.Column("body", sa.JSON(), nullable=True),
        sa.Column("scored_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id", "branch"],
            ["branch.conversation_id", "branch.number"],
            name=op.f("fk_scorecard_conversation_id_branch"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "branch", name=op.f("pk_scorecard")),
    )
    with op.batch_alter_table("scorecard", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_scorecard_status"), ["status"], unique=False)

    op.create_table(
        "turn",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=False),
        sa.Column("index", sa.Integer(), nullable=False),
        sa.Column("client_turn_id", sa.Text(), nullable=False),
        sa.Column("trainee", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("appraisal", sa.JSON(), nullable=False),
        sa.Column("effects", sa.JSON(), nullable=False),
        sa.Column("affect", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=True),
        sa.Column("spoken_by", sa.String(), nullable=False),
        sa.Column("discarded", sa.JSON(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "branch"],
            ["branch.conversation_id", "branch.number"],
            name=op.f("fk_turn_conversation_id_branch"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "branch", "index", name=op.f("pk_turn")),
        sa.UniqueConstraint(
            "conversation_id", "client_turn_id", name=op.f("uq_turn_conversation_id_client_turn_id")
        ),
    )
    op.create_table(
        "verdict",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=False),
        sa.Column("criterion", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("level", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("votes", sa.JSON(), nullable=False),
        sa.Column("from_items", sa.Integer(), nullable=True),
        sa.Column("anchored", sa.Integer(), nullable=True),
        sa.Column("flags", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "branch"],
            ["scorecard.conversation_id", "scorecard.branch"],
            name=op.f("fk_verdict_conversation_id_branch"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "branch", "criterion", name=op.f("pk_verdict")),
    )
    op.create_table(
        "item_answer",
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("branch", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(), nullable=False),
        sa.Column("criterion", sa.String(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("votes", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id", "branch", "criterion"],
            ["verdict.conversation_id", "verdict.branch", "verdict.criterion"],
            name=op.f("fk_item_answer_conversation_id_branch_criterion"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", "branch", "item", name=op.f("pk_item_answer")),
    )


def downgrade() -> None:
    """Go back to the revision before."""
    op.drop_table("item_answer")
    op.drop_table("verdict")
    op.drop_table("turn")
    with op.batch_alter_table("scorecard", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_scorecard_status"))

    op.drop_table("scorecard")
    with op.batch_alter_table("model_call", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_model_call_conversation_id"))

    op.drop_table("model_call")
    with op.batch_alter_table("conversation_content", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_content_hash"))

    op.drop_table("conversation_content")
    op.drop_table("branch")
    with op.batch_alter_table("conversation", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_conversation_started_at"))
        batch_op.drop_index(batch_op.f("ix_conversation_person_id"))

    op.drop_table("conversation")
    op.drop_table("worker")
    op.drop_table("person")
    op.drop_table("content")
