"""The page on which a user lets an app into their organisations."""

from collections.abc import Mapping, Sequence
from html import escape

from werkzeug.wrappers import Response

from integrations.sandbox.faces import Organisation

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;background:#f6f7f9;color:#202430;display:grid;place-items:center;margin:2rem}
main{background:#fff;border:1px solid #d5d9e0;border-radius:8px;padding:2rem;width:min(30rem,90vw)}
h1{font-size:1.2rem;margin:0 0 .5rem}fieldset{border:0;padding:0;margin:1rem 0}legend{font-weight:600;padding:0}
label{display:flex;gap:.6rem;padding:.6rem;border:1px solid #dde1e8;border-radius:6px;margin:.4rem 0;cursor:pointer}
small{display:block;color:#5c6472}.tag{font-size:.75rem;background:#e6f0ff;border-radius:4px;padding:.1rem .4rem}
.actions{display:flex;gap:.7rem;justify-content:flex-end;margin-top:1.4rem}
button{font:inherit;padding:.5rem 1.2rem;border-radius:6px;border:1px solid #8a92a3;background:#fff;cursor:pointer}
button.primary{background:#1455b8;border-color:#1455b8;color:#fff}button:focus-visible{outline:2px solid #202430}
"""


def page(companies: Sequence[Organisation], fields: Mapping[str, str]) -> Response:
    """The consent form; `fields` are the authorization request, carried along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    scopes = "".join(f"<li>{escape(each)}</li>" for each in fields.get("scope", "").split(","))
    disabled = "" if companies else " disabled"
    return _document(f"""
<h1>Zoho Books <span class="tag">simulated</span></h1>
<p><strong>{escape(fields.get("client_id", ""))}</strong> would like to access your organisations.</p>
<form method="post">{hidden}{_choices(companies)}<ul>{scopes}</ul>
<div class="actions"><button name="decision" value="reject" formnovalidate>Reject</button>
<button class="primary" name="decision" value="accept"{disabled}>Accept</button></div></form>""")


def refusal(title: str, text: str) -> Response:
    """A page for requests that cannot be sent back to the app."""
    return _document(f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def _choices(companies: Sequence[Organisation]) -> str:
    if not companies:
        return "<p>There is no organisation yet. Create one with <code>POST /_control/organisations</code>.</p>"
    rows = "".join(_choice(each, is_first=position == 0) for position, each in enumerate(companies))
    return f"<fieldset><legend>Organisation</legend>{rows}</fieldset>"


def _choice(company: Organisation, *, is_first: bool) -> str:
    key = escape(company.external_org_id)
    radio = f'<input type="radio" name="org" value="{key}" required{" checked" if is_first else ""}>'
    return f"<label>{radio}<span>{escape(company.name)}<small>{key} · {escape(company.currency)}</small></span></label>"


def _document(body: str) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    text = (
        f'<!doctype html><html lang="en"><head>{head}<title>Zoho</title></head><body><main>{body}</main></body></html>'
    )
    return Response(text, content_type="text/html; charset=utf-8")
