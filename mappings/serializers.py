"""The intake body and what the API says about a document; shapes only."""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django.urls import reverse
from drf_spectacular.utils import OpenApiExample, extend_schema_field, extend_schema_serializer
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser

from integrations.models import Connection
from mappings.models import SourceDocument
from mappings.models.documents import OUTCOMES, State
from mappings.services.journey import Journey, journey_of, ledger_url, state_of
from mappings.transform.kinds import PARTS
from mappings.transform.money import rounded
from mappings.transform.wellformed import TAX_MODES, errors_of
from tenants.api import TenantRelatedField, TenantSerializer

STATES = "; ".join(f"{state.value}: {state.label.lower()}" for state in State) + "."
_MOST_ATTRIBUTES = 50
_MOST_DIMENSIONS, _LONGEST_NAME = 10, 90
_EXAMPLE = {
    "connection": "019a2b7c-0000-7000-8000-000000000001",
    "source": "shop",
    "external_id": "order-10042",
    "kind": "sale",
    "number": "S-10042",
    "issued_on": "2026-11-18",
    "due_on": "2026-12-18",
    "currency": "GBP",
    "tax_mode": "exclusive",
    "counterparty": {"name": "Blue Bottle Ltd", "email": "accounts@bluebottle.example", "external_id": "cust-77"},
    "lines": [
        {
            "description": "Consulting, October",
            "category": "Consulting",
            "tax_code": "VAT20",
            "quantity": "8",
            "unit_price": "125.00",
            "amount": "1000.00",
        }
    ],
    "tax_total": "200.00",
    "total": "1200.00",
    "memo": "Purchase order 4711",
    "attributes": {"po_number": "4711"},
}


class ExactJSONParser(JSONParser):
    """JSON whose numbers are read as exact decimals, never as binary floating point."""

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        """The body; ParseError with the place when it is no JSON."""
        try:
            return json.loads(stream.read().decode("utf-8"), parse_float=Decimal, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise ParseError(f"The body is not JSON: {error}") from error


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON value")


class _StrictSerializer(serializers.Serializer[Any]):
    """Refuses keys it does not know, so that a misspelt field is never silently lost."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            known = ", ".join(self.fields)
            raise serializers.ValidationError({name: [f"Unknown field. Known: {known}."] for name in unknown})
        return super().to_internal_value(data)


class CounterpartySerializer(_StrictSerializer):
    """The customer of a sale, the vendor of a purchase or expense; found in the ledger by exact name."""

    name = serializers.CharField(max_length=100)
    email = serializers.EmailField(required=False, allow_blank=True)
    external_id = serializers.CharField(max_length=100, required=False, allow_blank=True)
    country = serializers.RegexField(
        r"^[A-Z]{2}$", required=False, error_messages={"invalid": "Use the two-letter ISO 3166 code, such as DE."}
    )
    region = serializers.CharField(max_length=100, required=False, help_text="State or province, such as CA.")


def _dimensions(help_text: str) -> serializers.DictField:
    return serializers.DictField(
        child=serializers.CharField(max_length=100), required=False, help_text=help_text, validators=[_few]
    )


def _few(dimensions: Mapping[str, str]) -> None:
    if len(dimensions) > _MOST_DIMENSIONS or any(not 0 < len(name) <= _LONGEST_NAME for name in dimensions):
        text = f"At most {_MOST_DIMENSIONS} dimensions, whose names have up to {_LONGEST_NAME} characters."
        raise serializers.ValidationError(text)


class LineSerializer(_StrictSerializer):
    """One line in the source's own words; `amount` is net, or gross when tax_mode is inclusive."""

    description = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    category = serializers.CharField(max_length=200, help_text="Mapped to an account.")
    tax_code = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Mapped to a tax rate; not for tax_mode none.",
    )
    item = serializers.CharField(
        max_length=200,
        required=False,
        help_text="The source's product or article number: mapped to an item where a rule names it.",
    )
    dimensions = _dimensions("Of this line, such as department: Berlin; each is mapped to a value of the ledger's.")
    location = serializers.CharField(max_length=200, required=False, help_text="Mapped to a location of the ledger.")
    quantity = serializers.DecimalField(max_digits=18, decimal_places=6, required=False, allow_null=True)
    unit_price = serializers.DecimalField(max_digits=18, decimal_places=6, required=False, allow_null=True)
    amount = serializers.DecimalField(max_digits=17, decimal_places=3)


class ReferenceSerializer(_StrictSerializer):
    """An earlier document, by the source's own id; it may arrive later, then this one waits for it."""

    external_id = serializers.CharField(max_length=100)
    source = serializers.SlugField(  # type: ignore[assignment]
        max_length=50, required=False, allow_blank=True, help_text="Left out: the same source."
    )
    amount = serializers.DecimalField(
        max_digits=17,
        decimal_places=3,
        required=False,
        allow_null=True,
        help_text="Left out: all of this document's total.",
    )


class PartSerializer(_StrictSerializer):
    """A line of a processor's statement, signed as it changes the payout: fees below zero."""

    type = serializers.ChoiceField(choices=list(PARTS))
    amount = serializers.DecimalField(max_digits=17, decimal_places=3)
    category = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="Mapped to an account and booked with the payout. Left out: a document of its own books it on the "
        "clearing account.",
    )
    description = serializers.CharField(max_length=1000, required=False, allow_blank=True)


@extend_schema_serializer(examples=[OpenApiExample("A sale", value=_EXAMPLE, request_only=True)])
class IntakeSerializer(_StrictSerializer):
    """A document in the source's own words. Amounts are decimal text or JSON numbers in `currency`.

    `source` and `external_id` identify it: the same content again returns the same document, other content is refused
    with 409. A sale becomes an invoice, a credit a credit note, a refund a credit note whose money goes back, a payment
    settles what it is applied to, a purchase becomes a bill; expenses and fees are paid from the payment method's
    account; a payout moves money from the clearing account to the bank; an adjustment is a journal entry whose lines
    are debits above zero and credits below.
    """

    connection = TenantRelatedField(queryset=Connection.objects.all(), help_text="The ledger it is booked in.")
    source = serializers.SlugField(  # type: ignore[assignment]
        max_length=50, help_text="The sending system, such as shop."
    )
    external_id = serializers.CharField(max_length=100, help_text="The source's own id of the document.")
    kind = serializers.ChoiceField(choices=SourceDocument.Kind.choices)
    side = serializers.ChoiceField(
        choices=["sales", "purchases"],
        required=False,
        help_text="Credits and payments: whether of a sale (the default) or of a purchase.",
    )
    number = serializers.CharField(max_length=100, required=False, allow_blank=True)
    issued_on = serializers.DateField()
    due_on = serializers.DateField(required=False, allow_null=True)
    currency = serializers.RegexField(
        r"^[A-Z]{3}$", error_messages={"invalid": "Use the three-letter ISO 4217 code, such as GBP."}
    )
    exchange_rate = serializers.DecimalField(
        max_digits=18,
        decimal_places=8,
        required=False,
        allow_null=True,
        help_text="Units of the ledger's own currency for one of `currency`. Left out: the ledger's own rate.",
    )
    rate_source = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="Where the rate is from, such as ECB 2026-11-02."
    )
    tax_mode = serializers.ChoiceField(
        choices=list(TAX_MODES), required=False, help_text="reverse_charge: the buyer accounts for the tax."
    )
    counterparty = CounterpartySerializer(required=False)
    payment_method = serializers.CharField(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text="What it was paid with or into: mapped to a bank, card or clearing account.",
    )
    paid_into = serializers.CharField(
        max_length=200, required=False, allow_blank=True, help_text="Payouts: mapped to the bank account."
    )
    lines = LineSerializer(many=True, required=False)
    parts = PartSerializer(many=True, required=False, help_text="Payouts: their sum is the total.")
    applies_to = ReferenceSerializer(many=True, required=False, help_text="What a payment or credit settles.")
    refers_to = ReferenceSerializer(many=True, required=False, help_text="What a refund or fee belongs to.")
    purchase_order = serializers.CharField(
        max_length=100, required=False, allow_blank=True, help_text="Purchases: the order's number in the ledger."
    )
    tax_total = serializers.DecimalField(
        max_digits=18,
        decimal_places=3,
        required=False,
        allow_null=True,
        help_text="Left out: computed.",
    )
    total = serializers.DecimalField(
        max_digits=17, decimal_places=3, help_text="Of an adjustment: the sum of its debits."
    )
    memo = serializers.CharField(max_length=1000, required=False, allow_blank=True)
    dimensions = _dimensions("Of every line that does not say otherwise.")
    location = serializers.CharField(max_length=200, required=False, help_text="Of every line without its own.")
    attributes = serializers.DictField(
        child=serializers.CharField(max_length=500, allow_blank=True),
        required=False,
        help_text="What else the source knows, by name: written into the ledger's custom fields mapped to these names.",
    )

    def validate_attributes(self, attributes: dict[str, str]) -> dict[str, str]:
        """Few and short: this is no place for a document's content."""
        if len(attributes) > _MOST_ATTRIBUTES:
            raise serializers.ValidationError(f"At most {_MOST_ATTRIBUTES} attributes; this has {len(attributes)}.")
        return attributes

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What needs several fields at once; every error names its field."""
        if errors := errors_of(attrs):
            raise serializers.ValidationError(errors)
        return attrs


class ProblemSerializer(serializers.Serializer[Any]):
    """Why it does not go on, in words, and what to do."""

    code = serializers.CharField()
    text = serializers.CharField()
    remedy = serializers.CharField()
    cause = serializers.CharField(help_text="document, mapping, earlier, ledger or support: who or what can cure it.")
    subject = serializers.CharField(help_text="What kind of word, such as category, tax_code or dimension, if any.")
    side = serializers.CharField()
    value = serializers.CharField()


class StepSerializer(serializers.Serializer[Any]):
    """One step of the journey; status is done, now, todo or failed."""

    name = serializers.CharField()
    title = serializers.CharField()
    status = serializers.CharField()
    text = serializers.CharField()
    at = serializers.DateTimeField(allow_null=True)


class LedgerAnswerSerializer(serializers.Serializer[Any]):
    """What it became in the ledger."""

    posting = serializers.UUIDField()
    resource = serializers.CharField()
    remote_type = serializers.CharField()
    external_id = serializers.CharField()
    url = serializers.CharField()
    error = serializers.DictField()


class SourceDocumentSerializer(TenantSerializer):
    """A document in a list: where it is and what it waits for."""

    state = serializers.CharField(read_only=True, help_text=STATES)
    outcome = serializers.SerializerMethodField(help_text="posted, waiting or rejected: exactly one of them.")
    ledger_external_id = serializers.CharField(source="ledger_ref", read_only=True)
    total = serializers.SerializerMethodField(help_text="Decimal text with the currency's own decimals.")
    problems = ProblemSerializer(many=True, read_only=True)
    mapping_version = serializers.IntegerField(source="mapping_set.version", read_only=True, default=None)

    class Meta:
        model = SourceDocument
        fields: ClassVar = [
            "id",
            "connection",
            "source",
            "external_id",
            "kind",
            "number",
            "issued_on",
            "due_on",
            "currency",
            "total",
            "counterparty",
            "state",
            "outcome",
            "waits_for",
            "problems",
            "mapping_version",
            "ledger_external_id",
            "received_at",
            "mapped_at",
        ]
        read_only_fields = fields

    def get_outcome(self, row: SourceDocument) -> str:
        """Where it ends, or that it has not yet."""
        return OUTCOMES[State(state_of(row))].value

    def get_total(self, row: SourceDocument) -> str:
        """Such as "1200.00"."""
        return str(rounded(row.total, row.currency))


class SourceDocumentDetailSerializer(SourceDocumentSerializer):
    """One document with its journey, reasons and the ledger's answer."""

    journey = serializers.SerializerMethodField()
    ledger = serializers.SerializerMethodField()
    page_url = serializers.SerializerMethodField()
    body = serializers.JSONField(read_only=True)
    proposal = serializers.JSONField(
        read_only=True, help_text="While a second person is asked: why, and exactly what would be written."
    )
    trace = serializers.JSONField(read_only=True)

    class Meta(SourceDocumentSerializer.Meta):
        fields: ClassVar = [
            *SourceDocumentSerializer.Meta.fields,
            "journey",
            "trace",
            "ledger",
            "page_url",
            "proposal",
            "body",
        ]
        read_only_fields = fields

    @extend_schema_field(StepSerializer(many=True))
    def get_journey(self, row: SourceDocument) -> Any:
        """Received → mapped → sent → the ledger's answer."""
        return StepSerializer(self._journey(row).steps, many=True).data

    @extend_schema_field(LedgerAnswerSerializer(allow_null=True))
    def get_ledger(self, row: SourceDocument) -> Any:
        """The write and its outcome; null before there is one."""
        posting = self._journey(row).posting
        if posting is None:
            return None
        return {
            "posting": str(posting.pk),
            "resource": posting.resource,
            "remote_type": posting.remote_type,
            "external_id": posting.external_id,
            "url": ledger_url(posting),
            "error": posting.error,
        }

    def get_page_url(self, row: SourceDocument) -> str:
        """Where people see the same journey."""
        path = reverse("admin:mappings_sourcedocument_change", args=[row.pk])
        request = self.context.get("request")
        return request.build_absolute_uri(path) if request else path

    def _journey(self, row: SourceDocument) -> Journey:
        if not hasattr(row, "_journey"):
            row._journey = journey_of(row)  # type: ignore[attr-defined]
        return row._journey  # type: ignore[attr-defined, no-any-return]
