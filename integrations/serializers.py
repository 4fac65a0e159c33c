"""Shapes of the partner API: connections, runs, postings, and the questions one may ask of the unified resources."""

from typing import Any, ClassVar

from rest_framework import serializers

from integrations.models import Connection, Posting, Resource, SyncRun
from tenants.api import TenantSerializer


class ConnectionSerializer(TenantSerializer):
    """A connection as partners see it; no secrets, no limits."""

    class Meta:
        model = Connection
        fields: ClassVar = [
            "id",
            "connector",
            "external_org_id",
            "name",
            "country",
            "currency",
            "closed_through",
            "status",
            "is_read_only",
            "last_success_at",
            "next_sync_at",
            "created_at",
        ]
        read_only_fields = fields


class SyncRunSerializer(TenantSerializer):
    """A pull: what was asked, and how far it is. `error` says what stopped it and who can mend it."""

    class Meta:
        model = SyncRun
        fields: ClassVar = [
            "id",
            "connection",
            "trigger",
            "is_full",
            "resources",
            "status",
            "records",
            "changed",
            "deleted",
            "calls",
            "throttled",
            "error_code",
            "error",
            "created_at",
            "started_at",
            "finished_at",
        ]
        read_only_fields: ClassVar = [name for name in fields if name not in ("connection", "is_full", "resources")]

    resources = serializers.ListField(child=serializers.CharField(), required=False, default=list)

    def validate_resources(self, names: list[str]) -> list[str]:
        """Names with hyphens or underscores."""
        wanted = [name.replace("-", "_") for name in names]
        unknown = sorted(set(wanted) - set(Resource.values))
        if unknown:
            raise serializers.ValidationError(f"Unknown: {', '.join(unknown)}.")
        return wanted


class PostingSerializer(TenantSerializer):
    """A write and its outcome: pending, sent, posted, rejected, unknown, cancelled, held (`question`) or resting."""

    class Meta:
        model = Posting
        fields: ClassVar = [
            "id",
            "connection",
            "resource",
            "operation",
            "status",
            "external_id",
            "remote_type",
            "origin_kind",
            "origin_id",
            "depends_on",
            "reverses",
            "corrects",
            "batch",
            "question",
            "error_code",
            "error",
            "attempts",
            "created_at",
            "sent_at",
            "finished_at",
        ]
        read_only_fields = fields


class RecordQuery(serializers.Serializer[Any]):
    """What a list of a unified resource may be asked for."""

    connection = serializers.UUIDField(help_text="Which connection's records.")
    modified_since = serializers.DateTimeField(required=False, help_text="Changed in the ledger at or after this time.")
    status = serializers.CharField(required=False, help_text="open, paid, void…")
    issued_from = serializers.DateField(required=False)
    issued_to = serializers.DateField(required=False)
    contact = serializers.CharField(required=False, help_text="The ledger's id of the customer or vendor.")
    include_deleted = serializers.BooleanField(
        required=False, default=False, help_text="Also records deleted in the ledger; each says so in `deleted_at`."
    )
    page_size = serializers.IntegerField(required=False, default=100, min_value=1, max_value=500)
    cursor = serializers.CharField(required=False, help_text="From `next` of the page before.")


class UnifiedRecord(serializers.Serializer[Any]):
    """A record of the unified model. Only the fields every resource has are listed; money is decimal text."""

    external_id = serializers.CharField()
    remote_type = serializers.CharField()
    modified_at = serializers.DateTimeField(allow_null=True)
    deleted_at = serializers.DateTimeField(allow_null=True, help_text="Only with include_deleted.")


class UnifiedPage(serializers.Serializer[Any]):
    """One page; `next` is the address of the one after it, or null at the end."""

    next = serializers.URLField(allow_null=True)
    results = UnifiedRecord(many=True)
