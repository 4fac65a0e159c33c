"""The page on which a person allows an integration into an account."""

from collections.abc import Mapping, Sequence
from html import escape

from integrations.sandbox.faces import Organisation

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;background:#f3f5f7;color:#223;display:grid;place-items:center}
main{background:#fff;border:1px solid #c9d2da;border-radius:6px;padding:2rem;width:min(30rem,90vw)}
h1{font-size:1.2rem;margin:0 0 .5rem}fieldset{border:0;padding:0;margin:1rem 0}legend{font-weight:600;padding:0}
label{display:flex;gap:.6rem;padding:.6rem;border:1px solid #d7dee5;border-radius:4px;margin:.4rem 0;cursor:pointer}
small{display:block;color:#5b6b7a}.tag{font-size:.75rem;background:#e8eef4;border-radius:3px;padding:.1rem .4rem}
.actions{display:flex;gap:.7rem;justify-content:flex-end;margin-top:1.4rem}
button{font:inherit;padding:.5rem 1.2rem;border-radius:4px;border:1px solid #8895a3;background:#fff;cursor:pointer}
button.primary{background:#1f5f8b;border-color:#1f5f8b;color:#fff}button:focus-visible{outline:2px solid #223}
"""


def page(accounts: Sequence[Organisation], fields: Mapping[str, str]) -> str:
    """The consent form; `fields` are the authorization request, carried along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    disabled = "" if accounts else " disabled"
    scopes = "".join(f"<li>{escape(each)}</li>" for each in fields.get("scope", "").split())
    return _document(f"""
<h1>NetSuite <span class="tag">simulated</span></h1>
<p><strong>{escape(fields.get("client_id", ""))}</strong> asks for access with your role Administrator.</p>
<form method="post">{hidden}{_choices(accounts)}<ul>{scopes}</ul>
<div class="actions"><button name="decision" value="deny" formnovalidate>Cancel</button>
<button class="primary" name="decision" value="allow"{disabled}>Allow</button></div></form>""")


def refusal(text: str) -> str:
    """A page for requests that cannot be sent back to the app."""
    return _document(f"<h1>This request is not valid</h1><p>{escape(text)}</p>")


def _choices(accounts: Sequence[Organisation]) -> str:
    if not accounts:
        return "<p>There is no account yet. Create one with <code>POST /_control/organisations</code>.</p>"
    rows = "".join(_choice(each, is_first=position == 0) for position, each in enumerate(accounts))
    return f"<fieldset><legend>Account</legend>{rows}</fieldset>"


def _choice(account: Organisation, *, is_first: bool) -> str:
    key = escape(account.external_org_id)
    radio = f'<input type="radio" name="company" value="{key}" required{" checked" if is_first else ""}>'
    return f"<label>{radio}<span>{escape(account.name)}<small>{key} · {escape(account.currency)}</small></span></label>"


def _document(body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    top = f"<head>{head}<title>NetSuite</title></head>"
    return f'<!doctype html><html lang="en">{top}<body><main>{body}</main></body></html>'
