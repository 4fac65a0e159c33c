"""Every key a connector's files may use, by kind of section. `docs/connectors.md` explains each (a test compares)."""

from collections.abc import Mapping

_FIELD = (
    "as path read_only write_only required_on operations not_in default default_from when negated negated_unless "
    "skip_zero"
)
_SHAPE = "include fields sends"


def _keys(*texts: str) -> frozenset[str]:
    return frozenset(" ".join(texts).split())


GRAMMAR: Mapping[str, frozenset[str]] = {
    "manifest": _keys(
        "name label urls auth http limits errors idempotency answers operations paging changes shapes defaults",
        "resources organisation reports attachments exchange_rates batch",
    ),
    "urls": _keys("api authorize token revoke app"),
    "auth": _keys(
        "type scopes client_auth pkce token_headers authorize_params org_param refresh_expires_field",
        "hard_expires_field revoke_body refresh_expires_days",
    ),
    "http": _keys("headers params correlation_header retry_after_header timeouts max_bytes personal"),
    "timeouts": _keys("connect read write"),
    "limits": _keys("windows concurrency lanes kinds retry_after"),
    "window": _keys("most seconds kinds"),
    "lanes": _keys("interactive webhook backfill"),
    "errors": _keys("envelopes table"),
    "envelope": _keys("list code message detail field kind"),
    "error": _keys("code status kind text error as cause remedy who"),
    "idempotency": _keys("strategy param header max_length ttl_hours probe"),
    "answers": _keys("one many count deleted time"),
    "deleted": _keys("path value"),
    "operation": _keys("method path params body sends wrap needs headers"),
    "paging": _keys(
        "strategy path params statement count_statement size overlap id_property cursor_path cursor_param page_param",
        "size_param link_path more_path since_param since_header filters",
    ),
    "changes": _keys("path params look_back_days most records deleted_at deleted_id"),
    "resource": _keys("resource label entities lookups"),
    "lookup": _keys("entity key single filters paging"),
    "entity": _keys("path key when known_by fields include sends operations paging filters changes link find probe"),
    "shape": _keys(_SHAPE),
    "line kind": _keys(_SHAPE, "write_when read_only"),
    "condition": _keys("starts in present not below above"),
    "reference type": _keys("path values"),
    "case": _keys("value when"),
    "probe": _keys("create update void delete"),
    "organisation": _keys("resource"),
    "report": _keys("path params rows"),
    "attachments": _keys("upload_path metadata_part content_part answer max_bytes kinds"),
    "exchange_rates": _keys("path params rate"),
    "batch": _keys("path most id_length request answer"),
    **{
        f"as {name}": _keys(_FIELD, extra)
        for name, extra in {
            "text": "max",
            "money": "written_as",
            "number": "written_as",
            "whole": "",
            "bool": "true false inverted",
            "date": "",
            "datetime": "",
            "xero_date": "kind",
            "enum": "values other",
            "month": "",
            "ref": "id name type",
            "object": "fields include sends",
            "lines": "fields include sends where discriminator kinds ignored",
            "dimensions": "of id name",
            "custom_fields": "id name values type_path types",
            "constant": "value from",
            "cases": "cases",
            "difference": "of",
            "sum": "of where",
            "join": "lookup take then",
            "hook": "hook options",
        }.items()
    },
}
