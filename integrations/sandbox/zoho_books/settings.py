"""Organisations, taxes, currencies with their rates, reporting tags."""

from collections.abc import Mapping
from typing import Any

from integrations.sandbox.books.money import decimal
from integrations.sandbox.books.store import Record
from integrations.sandbox.faces import Organisation
from integrations.sandbox.wire import Body
from integrations.sandbox.zoho_books import querying
from integrations.sandbox.zoho_books.books import Books, percent
from integrations.sandbox.zoho_books.errors import invalid_value, missing, not_found

PLANS = {"FREE": 1000, "STANDARD": 2000, "PROFESSIONAL": 5000, "PREMIUM": 10000}
"""Calls a day; only Free's and the highest figure are in a source."""
_COUNTRIES = {"GB": "United Kingdom", "US": "United States", "IN": "India", "AU": "Australia", "DE": "Germany",
              "CA": "Canada", "JP": "Japan", "CN": "China", "SA": "Saudi Arabia", "FR": "France"}  # fmt: skip


def plan(organisation: Organisation) -> str:
    """The subscription, which decides how many calls a day there are."""
    wanted = str(organisation.specification.get("plan") or "PREMIUM").upper()
    return wanted if wanted in PLANS else "PREMIUM"


def organisation(books: Books) -> Body:
    """One organisation as the list shows it."""
    found = books.organisation
    return {
        "organization_id": found.external_org_id, "name": found.name, "contact_name": "Jo Field",
        "email": "jo@example.com", "is_default_org": True, "language_code": "en", "fiscal_year_start_month": 0,
        "account_created_date": "2020-02-15", "time_zone": "UTC", "date_format": "dd MMM yyyy",
        "field_separator": " ", **books.currency(books.home), "currency_format": "1,234,567.89", "plan_type": 130,
        "plan_name": plan(found), "plan_period": "Monthly", "country_code": found.country,
        "country_name": _COUNTRIES.get(found.country, found.country), "portal_name": "sandbox",
        "org_settings": {"is_org_active": True},
    }  # fmt: skip


def answer(
    books: Books, method: str, parts: list[str], query: Mapping[str, str], given: Body
) -> tuple[Body, str] | None:
    """What /settings/… and /reportingtags answer, with the message; None when there is no such address."""
    match [method, *parts]:
        case ["GET", "settings", "taxes"]:
            return _listed(books, "tax_rate", "taxes", query, _tax), ""
        case ["POST", "settings", "taxes"]:
            return {"tax": _tax(books, _new_tax(books, given))}, "The tax has been added."
        case ["GET", "settings", "taxes", key]:
            return {"tax": _tax(books, _get(books, "tax_rate", key, "Tax"))}, ""
        case ["PUT", "settings", "taxes", key]:
            return {"tax": _tax(books, _changed_tax(books, key, given))}, "Tax information has been saved."
        case ["DELETE", "settings", "taxes" | "taxgroups", key]:
            books.company.delete("tax_rate", key)
            return {}, "The tax has been deleted."
        case ["POST", "settings", "taxgroups"]:
            return {"tax_group": _group(books, _new_group(books, given))}, "The tax group has been created."
        case ["GET", "settings", "taxgroups", key]:
            return {"tax_group": _group(books, _get(books, "tax_rate", key, "Tax group"))}, ""
    return _others(books, method, parts, query, given)


def _others(
    books: Books, method: str, parts: list[str], query: Mapping[str, str], given: Body
) -> tuple[Body, str] | None:
    match [method, *parts]:
        case ["GET", "settings", "currencies"]:
            return _listed(books, "currency", "currencies", query, _currency), ""
        case ["POST", "settings", "currencies"]:
            return {"currency": _currency(books, _new_currency(books, given))}, "The currency has been added."
        case ["GET", "settings", "currencies", key]:
            return {"currency": _currency(books, _get(books, "currency", key, "Currency"))}, ""
        case ["GET", "settings", "currencies", key, "exchangerates"]:
            return {"exchange_rates": _rates(_get(books, "currency", key, "Currency"))}, ""
        case ["POST", "settings", "currencies", key, "exchangerates"]:
            return {"exchange_rate": _new_rate(books, key, given)}, "The exchange rate has been added."
        case ["GET", "reportingtags"]:
            return {"reporting_tags": _tags(books)}, ""
        case ["GET", "reportingtags", key, "options", "all"]:
            return {"results": _options(books, key)}, ""
    return None


def _get(books: Books, kind: str, key: str, label: str) -> Record:
    record = books.store.get(kind, key)
    if record is None:
        raise not_found(label)
    return record


def _listed(books: Books, kind: str, many: str, query: Mapping[str, str], show: Any) -> Body:
    part, context = querying.paged(books.company.live(kind), query)
    return {many: [show(books, record) for record in part], "page_context": context}


def _tax(books: Books, record: Record) -> Body:
    body = record.body
    return {
        "tax_id": record.id, "tax_name": body["name"], "tax_percentage": percent(body),
        "tax_type": "tax_group" if body.get("components") else "tax", "tax_specific_type": "", "is_value_added": True,
        "is_default_tax": False, "is_editable": True, "status": "Active" if body["is_active"] else "Inactive",
        "tax_account_id": body.get("account") or "", "last_modified_time": books.times(record)["last_modified_time"],
    }  # fmt: skip


def _group(books: Books, record: Record) -> Body:
    parts = [{"tax_id": each.get("id", ""), "tax_name": each["name"], "tax_percentage": each["percent"]}
             for each in record.body.get("components") or ()]  # fmt: skip
    return {"tax_group_id": record.id, "tax_group_name": record.body["name"],
            "tax_group_percentage": percent(record.body), "taxes": parts}  # fmt: skip


def _new_tax(books: Books, given: Body) -> Record:
    if not given.get("tax_name"):
        raise missing("tax_name")
    body = {"name": str(given["tax_name"]), "percent": decimal(given.get("tax_percentage", 0))}
    return books.company.save("tax_rate", {**body, "account": books.company.role("tax")})


def _changed_tax(books: Books, key: str, given: Body) -> Record:
    record = _get(books, "tax_rate", key, "Tax")
    body = dict(record.body)
    if "tax_name" in given:
        body["name"] = str(given["tax_name"])
    if "tax_percentage" in given:
        body["percent"] = decimal(given["tax_percentage"])
    return books.company.save("tax_rate", body, key)


def _new_group(books: Books, given: Body) -> Record:
    keys = [each.strip() for each in str(given.get("taxes") or "").split(",") if each.strip()]
    if not keys or not given.get("tax_group_name"):
        raise missing("tax_group_name and taxes")
    rates = [_get(books, "tax_rate", key, "Tax") for key in keys]
    parts = [{"id": each.id, "name": each.body["name"], "percent": percent(each.body)} for each in rates]
    body = {"name": str(given["tax_group_name"]), "components": parts, "account": books.company.role("tax")}
    return books.company.save("tax_rate", body)


def _currency(books: Books, record: Record) -> Body:
    code = record.body["code"]
    rates = record.body.get("rates") or ()
    newest = max(rates, key=lambda rate: str(rate["on"])) if rates else {}
    return {
        **books.currency(code), "currency_name": record.body.get("name") or code,
        "currency_name_formatted": f"{code}- {record.body.get('name') or code}", "currency_format": "1,234,567.89",
        "is_base_currency": code == books.home, "exchange_rate": newest.get("rate", 0),
        "effective_date": newest.get("on", ""),
    }  # fmt: skip


def _new_currency(books: Books, given: Body) -> Record:
    if not given.get("currency_code"):
        raise missing("currency_code")
    code = str(given["currency_code"]).upper()
    return books.company.save("currency", {"code": code, "name": code, "rates": []})


def _rates(record: Record) -> list[Body]:
    return [{"exchange_rate_id": f"{record.id[:-3]}{number:03d}", "currency_id": record.id,
             "currency_code": record.body["code"], "effective_date": rate["on"], "rate": rate["rate"]}
            for number, rate in enumerate(record.body.get("rates") or (), 1)]  # fmt: skip


def _new_rate(books: Books, key: str, given: Body) -> Body:
    record = _get(books, "currency", key, "Currency")
    if not given.get("effective_date") or not given.get("rate"):
        raise invalid_value("rate")
    rates = [*(record.body.get("rates") or ()), {"on": str(given["effective_date"]), "rate": decimal(given["rate"])}]
    return _rates(books.company.save("currency", {**record.body, "rates": rates}, key))[-1]


def _tags(books: Books) -> list[Body]:
    """Known from sibling products; Books' own address of them is not verified."""
    names = books.company.settings.get("tags", {})
    return [{"tag_id": key, "tag_name": name, "is_active": True, "tag_options": _options(books, key)}
            for key, name in names.items()]  # fmt: skip


def _options(books: Books, tag: str) -> list[Body]:
    found = (record for record in books.company.live("dimension") if record.body["type"] == tag)
    return [{"tag_option_id": each.id, "tag_option_name": each.body["name"], "tag_id": tag,
             "is_active": each.body["is_active"]} for each in found]  # fmt: skip
