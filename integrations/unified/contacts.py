"""Contacts: customers and vendors in one collection."""

from integrations.unified.schema import BOOL, CREATE, CURRENCY, RECORD, REF, TEXT, Schema, Spec, choice, given, needed

ADDRESS: Schema = {
    "line1": TEXT,
    "line2": TEXT,
    "city": TEXT,
    "region": TEXT,
    "postal_code": TEXT,
    "country": TEXT,
}

SCHEMAS: dict[str, Schema] = {
    "contacts": {
        **RECORD,
        "contact_type": choice("customer", "vendor", needs=CREATE),
        "name": needed("text"),
        "company_name": TEXT,
        "first_name": TEXT,
        "last_name": TEXT,
        "email": TEXT,
        "phone": TEXT,
        "website": TEXT,
        "tax_number": TEXT,
        "account_number": TEXT,
        "currency": CURRENCY,
        "balance": given("money"),
        "billing_address": Spec("object", fields=ADDRESS),
        "shipping_address": Spec("object", fields=ADDRESS),
        "payment_terms": REF,
        "parent": REF,
        "notes": TEXT,
        "is_active": BOOL,
    },
}
