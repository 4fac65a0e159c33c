"""What the API says about a cut-over and takes for it; shapes only."""

from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from integrations.models import Connection, LedgerRecord
from mappings.models import CutOver, CutOverLink, SourceDocument
from mappings.services.cutover import MOST_DAYS, state_counts
from mappings.services.cutover_decisions import ACTS
from mappings.transform.money import rounded
from tenants.api import TenantRelatedField, TenantSerializer

_MOST_AT_ONCE = 500
STATES = "; ".join(
    [
        "linked: it is this record of the ledger and is never posted",
        "open: there are candidates, a person decides",
        "alone: nothing in the ledger fits it",
        "post: it is not in the ledger and goes the ordinary way",
        "left_out: neither linked nor posted, for a reason",
    ]
)


class CutOverSerializer(TenantSerializer):
    """Documents dated before `starts_on` are linked to the ledger's own and never posted, once it `is_in_force`."""

    kinds = serializers.ListField(
        child=serializers.ChoiceField(SourceDocument.Kind.choices),
        read_only=True,
        help_text="Only documents of these kinds; empty: all.",
    )
    progress = serializers.DictField(read_only=True, help_text="phase, done and total of the run under way.")
    counts = serializers.DictField(
        read_only=True,
        help_text="What the last run found: documents, records, sure, to_decide, ambiguous, alone.",
    )

    class Meta:
        model = CutOver
        fields: ClassVar = [
            "id",
            "connection",
            "starts_on",
            "days_apart",
            "kinds",
            "status",
            "is_in_force",
            "progress",
            "counts",
            "error",
            "created_at",
            "finished_at",
        ]
        read_only_fields = fields
        extra_kwargs: ClassVar = {
            "status": {"help_text": "idle, queued (waits for a worker), running or failed (error says why)."},
            "is_in_force": {"help_text": "Earlier documents are held back and linked; before, they are only counted."},
            "finished_at": {"help_text": "When it last compared."},
        }


class CutOverDetailSerializer(CutOverSerializer):
    """One cut-over with how many documents are in each state now."""

    states = serializers.SerializerMethodField(help_text=STATES)

    class Meta(CutOverSerializer.Meta):
        fields: ClassVar = [*CutOverSerializer.Meta.fields, "states"]
        read_only_fields = fields

    @extend_schema_field(serializers.DictField(child=serializers.IntegerField()))
    def get_states(self, row: CutOver) -> dict[str, int]:
        """State → how many."""
        return dict.fromkeys(CutOverLink.State.values, 0) | state_counts(row)


class CutOverChange(serializers.Serializer[Any]):
    """What can be changed; left out: as it is."""

    starts_on = serializers.DateField(required=False, help_text="First day to post: earlier documents are linked.")
    days_apart = serializers.IntegerField(
        required=False, min_value=0, max_value=MOST_DAYS, help_text="So far the two dates may be apart; 3 if left out."
    )
    kinds = serializers.MultipleChoiceField(
        choices=SourceDocument.Kind.choices,
        required=False,
        help_text="Only documents of these kinds; left out or empty: all.",
    )


class CutOverRequest(CutOverChange):
    """A cut-over to start: counted at once, linked when `link` says so."""

    connection = TenantRelatedField(queryset=Connection.objects.all())
    starts_on = serializers.DateField(help_text="First day to post: earlier documents are linked.")


class LedgerSideSerializer(TenantSerializer):
    """A document of the ledger."""

    amount = serializers.SerializerMethodField(help_text="Decimal text with the currency's own decimals.")

    class Meta:
        model = LedgerRecord
        fields: ClassVar = [
            "resource",
            "remote_type",
            "external_id",
            "number",
            "contact_name",
            "amount",
            "currency",
            "issued_on",
        ]
        read_only_fields = fields

    def get_amount(self, row: LedgerRecord) -> str:
        """Such as "1200.00"; empty when the ledger tells none."""
        return str(rounded(row.amount, row.currency)) if row.amount is not None else ""


class CandidateSerializer(serializers.Serializer[Any]):
    """A record that the document may be, and why."""

    record = LedgerSideSerializer()
    confidence = serializers.IntegerField(help_text="0 to 100.")
    reasons = serializers.ListField(child=serializers.CharField())


class CutOverDocumentSerializer(TenantSerializer):
    """A source document of a cut-over and what became of it; `document` is its id here and in source-documents."""

    document = TenantRelatedField(read_only=True)
    source = serializers.CharField(source="document.source", read_only=True)  # type: ignore[assignment]
    external_id = serializers.CharField(source="document.external_id", read_only=True, help_text="The source's own id.")
    number = serializers.CharField(source="document.number", read_only=True)
    kind = serializers.ChoiceField(SourceDocument.Kind.choices, source="document.kind", read_only=True)
    state = serializers.ChoiceField(CutOverLink.State.choices, read_only=True, help_text=STATES)
    record = LedgerSideSerializer(read_only=True, allow_null=True, help_text="What it is linked to.")
    proposal = LedgerSideSerializer(read_only=True, allow_null=True, help_text="What it is most likely to be.")
    reasons = serializers.ListField(child=serializers.CharField(), read_only=True, help_text="Why, in sentences.")
    candidates = serializers.SerializerMethodField()

    class Meta:
        model = CutOverLink
        fields: ClassVar = [
            "document",
            "cut_over",
            "source",
            "external_id",
            "number",
            "kind",
            "state",
            "record",
            "proposal",
            "confidence",
            "reasons",
            "candidates",
            "is_ambiguous",
            "is_kept_open",
            "reason",
            "decided_at",
        ]
        read_only_fields = fields

    @extend_schema_field(CandidateSerializer(many=True))
    def get_candidates(self, row: CutOverLink) -> Any:
        """Best first; those that were deleted in the ledger meanwhile are left out."""
        found = self.context.get("candidates", {}).get(row.pk, [])
        return CandidateSerializer([{**why, "record": record} for record, why in found], many=True).data


class LinkBody(serializers.Serializer[Any]):
    """The ledger's record that it is; left out: the proposal."""

    external_id = serializers.CharField(max_length=100, required=False, default="")
    remote_type = serializers.CharField(max_length=40, required=False, default="", help_text="Only if ids repeat.")


class ReasonBody(serializers.Serializer[Any]):
    """Why; kept in the audit trail."""

    reason = serializers.CharField(max_length=500)


class ManyBody(serializers.Serializer[Any]):
    """One decision for several documents; `choose` links each to its own proposal."""

    decision = serializers.ChoiceField([(act, act) for act in ACTS])
    documents = serializers.ListField(child=serializers.UUIDField(), max_length=_MOST_AT_ONCE, allow_empty=False)
    reason = serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True, help_text="Needed for leave_out."
    )


class RefusedSerializer(serializers.Serializer[Any]):
    """A document that stays as it is, and why."""

    document = serializers.UUIDField()
    why = serializers.CharField()


class ManyAnswer(serializers.Serializer[Any]):
    """What became of several."""

    done = serializers.ListField(child=serializers.UUIDField())
    refused = RefusedSerializer(many=True)


class AcceptBody(serializers.Serializer[Any]):
    """From which confidence on clear proposals are accepted."""

    confidence = serializers.IntegerField(min_value=30, max_value=100)


class AcceptAnswer(serializers.Serializer[Any]):
    """How many were linked, and how many were not free any more."""

    linked = serializers.IntegerField()
    missed = serializers.IntegerField()
