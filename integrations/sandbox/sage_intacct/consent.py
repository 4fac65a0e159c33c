"""The page on which a user signs in to a company and lets an app in."""

from collections.abc import Mapping, Sequence
from html import escape

from werkzeug.wrappers import Response

from integrations.sandbox.faces import Organisation

_STYLE = """
body{font:15px/1.5 system-ui,sans-serif;background:#f3f5f2;color:#1d2a20;display:grid;place-items:center;margin:2rem}
main{background:#fff;border:1px solid #d3dad4;border-radius:8px;padding:2rem;width:min(30rem,90vw)}
h1{font-size:1.2rem;margin:0 0 .5rem}label{display:block;margin:.8rem 0}
select,input{font:inherit;width:100%;padding:.4rem;box-sizing:border-box}
.tag{font-size:.75rem;background:#dff3e3;border-radius:4px;padding:.1rem .4rem}
.actions{display:flex;gap:.7rem;justify-content:flex-end;margin-top:1.4rem}
button{font:inherit;padding:.5rem 1.2rem;border-radius:6px;border:1px solid #84918a;background:#fff;cursor:pointer}
button.primary{background:#00713a;border-color:#00713a;color:#fff}button:focus-visible{outline:2px solid #1d2a20}
"""


def page(companies: Sequence[Organisation], fields: Mapping[str, str]) -> Response:
    """The sign-in form; `fields` are the authorization request, carried along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    options = "".join(
        f'<option value="{escape(each.external_org_id)}">{escape(each.external_org_id)} · {escape(each.name)}</option>'
        for each in companies
    )
    disabled = "" if companies else " disabled"
    return _document(f"""
<h1>Sage Intacct <span class="tag">simulated</span></h1>
<p><strong>{escape(fields.get("client_id", ""))}</strong> asks for access to your company.</p>
<form method="post">{hidden}
<label>Company ID <select name="company"{disabled}>{options}</select></label>
<label>User ID <input name="user" value="Admin"></label>
<label>Entity (empty: top level) <input name="entity" value=""></label>
<div class="actions"><button name="decision" value="deny" formnovalidate>Deny</button>
<button class="primary" name="decision" value="allow"{disabled}>Allow</button></div></form>""")


def refusal(title: str, text: str) -> Response:
    """A page for requests that cannot be sent back to the app."""
    response = _document(f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")
    response.status_code = 400
    return response


def _document(body: str) -> Response:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
    text = (
        f'<!doctype html><html lang="en"><head>{head}<title>Sage Intacct</title></head>'
        f"<body><main>{body}</main></body></html>"
    )
    return Response(text, content_type="text/html; charset=utf-8")
