"""Every key a connector's files may use, by kind of section. `docs/connectors.md` explains each (a test compares)."""

from collections.abc import Mapping

_FIELD = (
    "as path read_only write_only required_on operations not_in default default_from when negated negated_unless "
    "skip_zero"
)
_SHAPE = "include fields sends"
_WAY = "type label help form org ends scheme organisations disconnect"
_TOKENS = f"{_WAY} scopes client_auth token_headers token_errors session"


def _keys(*texts: str) -> frozenset[str]:
    return frozenset(" ".join(texts).split())


GRAMMAR: Mapping[str, frozenset[str]] = {
    "manifest": _keys(
        "name label urls auth http limits errors idempotency answers operations paging changes shapes defaults",
        "resources organisation reports attachments exchange_rates batch settings application traits missing",
        "interfaces deletions custom_fields webhooks bookkeeping",
    ),
    "bookkeeping": _keys(
        "items_are document_dimensions lines_say taxed_amounts paid_from_bank journals_name due_day",
        "feed_lines untaxed",
        "tax_rounding inclusive_lines payment_settles payment_rest credits_applied_by refunds_by payouts_by",
    ),
    "urls": _keys("api authorize token revoke app simulated"),
    "setting": _keys("label help values names default from spelled pattern"),
    "way oauth2": _keys(
        _TOKENS,
        "pkce authorize_params org_param settings_params rotates grace_minutes refresh_idle_days refresh_hard_days",
        "refresh_expires_field hard_expires_field revoke_body",
    ),
    "way oauth2_client": _keys(_TOKENS, "params login session_path"),
    "way oauth2_jwt": _keys(_TOKENS, "params alg key key_id claims minutes"),
    "way oauth1": _keys(_WAY, "realm"),
    "way session": _keys(_WAY, "login session_path expires_path endpoint_path hosts"),
    "session": _keys("method path session_path"),
    "login": _keys("method path headers body interface action"),
    "form field": _keys("name label help secret optional long date pattern spelled"),
    "organisations": _keys("method path params body interface many id name kind link_id where"),
    "disconnect": _keys("way path says"),
    "http": _keys("headers params correlation_header retry_after_header timeouts max_bytes personal"),
    "timeouts": _keys("connect read write total"),
    "limits": _keys("windows concurrency lanes kinds retry_after headers refusal_header refusals sync_minutes"),
    "window": _keys("most seconds kinds reserve shared"),
    "concurrency": _keys("org app"),
    "meter": _keys("remaining reset seconds shared"),
    "refusal": _keys("seconds shared"),
    "lanes": _keys("interactive webhook backfill"),
    "errors": _keys("envelopes table"),
    "envelope": _keys("list code message detail field kind code_header ok last"),
    "ok": _keys("path value"),
    "error": _keys("code status kind text error as cause remedy who"),
    "idempotency": _keys("strategy param header header_value max_length ttl_hours settle_seconds probe"),
    "answers": _keys("one many count deleted time id_header"),
    "deleted": _keys("path value"),
    "operation": _keys(
        "by",
        "method path params params_when headers body fields include sends wrap needs interface action answers",
        "read_after found_after each upsert when",
    ),
    "paging": _keys(
        "strategy method path params headers body interface action many statement count_statement count_path",
        "total_path size filters joined quote flat inner overlap first start_param size_param page_param more_path",
        "pages_path link_path cursor_path cursor_param next_action next_body first_after after_path after_pattern",
        "match since_param since_header since_clause since_body since_format survey_statement survey_body",
        "survey_path",
    ),
    "custom_fields": _keys(
        "resources path method params headers body interface action many id name type types choices choice_id",
        "choice_name read_only prefixes column choice_columns date_column line_many line_prefixes",
    ),
    "deletions": _keys("paging many id at kind kinds"),
    "interface": _keys("format path method headers envelope sign lists"),
    "match": _keys("clause as_params body at most among among_param among_joined among_body"),
    "part": _keys("columns places filters paging key most into under id only"),
    "webhooks": _keys(
        "signature secret_header sources max_bytes context id_header repeats setup forms actions named_by kinds"
    ),
    "signature": _keys("scheme header encoding key signed joined time seconds issuer claims body_claim"),
    "webhook form": _keys("when each org entity id kind record action at version merged split pattern ids keyed"),
    "webhook target": _keys("kind when"),
    "changes": _keys("path params look_back_days most records deleted_at deleted_id"),
    "resource": _keys("resource label gotchas entities lookups"),
    "lookup": _keys("entity key single filters paging columns places"),
    "entity": _keys(
        "gone_when detail parts columns places only",
        "path key when known_by fields include sends operations paging filters changes link find probe answers",
    ),
    "shape": _keys(_SHAPE, "columns parts"),
    "line kind": _keys(_SHAPE, "at write_when read_only"),
    "condition": _keys("starts in present not below above"),
    "reference type": _keys("path values"),
    "case": _keys("value when"),
    "probe": _keys("create update void delete allocate approve send"),
    "organisation": _keys("resource"),
    "report": _keys("path params headers body interface rows groups known_by accounts query"),
    "attachments": _keys("style upload answer list download max_bytes kinds"),
    "upload step": _keys("method path params headers body interface action part parts take when"),
    "file list": _keys("method path params headers body interface action many id name type size take"),
    "download": _keys("method path params headers body interface action content_path url_path hosts"),
    "exchange_rates": _keys("path params body rate"),
    "batch": _keys("style path params operations most id_length request answer errors"),
    **{
        f"as {name}": _keys(_FIELD, extra)
        for name, extra in {
            "text": "max",
            "money": "written_as",
            "number": "written_as inverted",
            "whole": "",
            "bool": "true false inverted",
            "date": "",
            "datetime": "",
            "xero_date": "kind",
            "enum": "values other",
            "month": "",
            "ref": "id name type",
            "object": "fields include sends",
            "lines": "fields include sends where discriminator kinds ignored one",
            "dimensions": "of id name prefixes",
            "custom_fields": "id name values type_path types prefixes",
            "constant": "value from",
            "cases": "cases writable",
            "difference": "of",
            "sum": "of where checked",
            "join": "lookup take then writable",
            "hook": "hook options",
        }.items()
    },
}
