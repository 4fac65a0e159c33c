"""The page on which a user chooses the company an app may use."""

from collections.abc import Mapping, Sequence
from html import escape

from integrations.sandbox.faces import Organisation

_STYLE = """
:root{color-scheme:light}*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;background:#eef1f4;color:#21262a;
font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{width:min(30rem,calc(100vw - 2rem));background:#fff;border-radius:14px;padding:2rem;
box-shadow:0 1px 2px #0002,0 12px 40px #0001}
.brand{display:flex;align-items:center;gap:.6rem;font-weight:650;color:#108000}
.brand span{display:grid;place-items:center;width:2.2rem;height:2.2rem;border-radius:50%;background:#2ca01c;color:#fff;
font-size:.9rem;letter-spacing:-.03em}
.tag{margin-left:auto;font-size:.75rem;font-weight:600;color:#6b4b00;background:#fff3d1;
border-radius:99px;padding:.15rem .6rem}
h1{font-size:1.35rem;line-height:1.3;margin:1.2rem 0 .3rem}p{margin:.3rem 0 1rem;color:#54606b}
fieldset{border:0;margin:0;padding:0;display:grid;gap:.5rem;max-height:19rem;overflow:auto}
legend{font-weight:600;margin-bottom:.5rem;padding:0}
label{display:flex;gap:.75rem;align-items:center;border:1px solid #c9d1d8;border-radius:10px;
padding:.7rem .9rem;cursor:pointer}
label:hover{border-color:#2ca01c}label:has(:checked){border-color:#2ca01c;background:#f2fbf0}
label:focus-within{outline:2px solid #0077c5;outline-offset:1px}small{display:block;color:#54606b}
ul{margin:1rem 0;padding-left:1.2rem;color:#54606b}
.actions{display:flex;gap:.75rem;justify-content:flex-end;margin-top:1.5rem}
button{font:inherit;font-weight:600;border-radius:99px;padding:.55rem 1.4rem;border:1px solid #8d9096;
background:#fff;cursor:pointer}
button.primary{background:#1d7a10;border-color:#1d7a10;color:#fff}button:disabled{opacity:.5;cursor:not-allowed}
button:focus-visible{outline:2px solid #0077c5;outline-offset:2px}
"""


def page(companies: Sequence[Organisation], fields: Mapping[str, str]) -> str:
    """The consent form; `fields` are the authorization request, carried along."""
    hidden = "".join(
        f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
    )
    scopes = "".join(f"<li>{escape(text)}</li>" for text in _scopes(fields.get("scope", "")))
    disabled = "" if companies else " disabled"
    body = f"""
<div class="brand"><span>qb</span>QuickBooks<b class="tag">simulated</b></div>
<h1>Choose the company to connect</h1>
<p><strong>{escape(fields.get("client_id", ""))}</strong> asks for access to your books.</p>
<form method="post">{hidden}{_choices(companies)}
<ul>{scopes}</ul>
<div class="actions"><button name="decision" value="cancel" formnovalidate>Cancel</button>
<button class="primary" name="decision" value="connect"{disabled}>Connect</button></div></form>"""
    return _document("Connect to QuickBooks", body)


def refusal(title: str, text: str) -> str:
    """A page for requests that cannot be sent back to the app."""
    return _document(title, f"<h1>{escape(title)}</h1><p>{escape(text)}</p>")


def _document(title: str, body: str) -> str:
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    top = f'<!doctype html><html lang="en"><head>{head}<style>{_STYLE}</style></head>'
    return f"{top}<body><main>{body}</main></body></html>"


def _choices(companies: Sequence[Organisation]) -> str:
    if not companies:
        return "<p>There is no company yet. Create one with <code>POST /_control/organisations</code>.</p>"
    rows = "".join(_choice(company, is_first=position == 0) for position, company in enumerate(companies))
    return f"<fieldset><legend>Your companies</legend>{rows}</fieldset>"


def _choice(company: Organisation, *, is_first: bool) -> str:
    checked = " checked" if is_first else ""
    key = escape(company.external_org_id)
    facts = f"{escape(company.country)} · {escape(company.currency)} · company ID {key}"
    radio = f'<input type="radio" name="realm_id" value="{key}" required{checked}>'
    return f"<label>{radio}<span>{escape(company.name)}<small>{facts}</small></span></label>"


def _scopes(scope: str) -> list[str]:
    words = {"com.intuit.quickbooks.accounting": "Read and change your accounting data"}
    words |= {"openid": "Know who you are", "email": "Know your e-mail address", "profile": "Know your name"}
    return [words.get(each, each) for each in scope.split()]
