"""The page on which a person lets an app into organisations, in a ledger's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Page:
    """What a ledger says there. `field` carries the chosen organisation, `refuse` and `allow` the decision."""

    ledger: str
    asks: str
    field: str
    legend: str
    refuse: tuple[str, str]
    allow: tuple[str, str]
    takes_several: bool = False
    scope_separator: str = " "

    def shown(self, organisations: Sequence[Organisation], fields: Mapping[str, str]) -> Response:
        """The form; `fields` are the authorization request, carried along."""
        hidden = "".join(
            f'<input type="hidden" name="{escape(name)}" value="{escape(value)}">' for name, value in fields.items()
        )
        scopes = fields.get("scope", "").replace(self.scope_separator, " ").split()
        listed = "".join(f"<li>{escape(each)}</li>" for each in scopes)
        disabled = "" if organisations else " disabled"
        return self._document(f"""
<h1>{self.ledger} <span class="tag">simulated</span></h1>
<p><strong>{escape(fields.get("client_id", ""))}</strong> {self.asks}</p>
<form method="post">{hidden}{self._choices(organisations)}<ul>{listed}</ul>
<div class="actions"><button name="decision" value="{self.refuse[0]}" formnovalidate>{self.refuse[1]}</button>
<button class="primary" name="decision" value="{self.allow[0]}"{disabled}>{self.allow[1]}</button></div></form>""")

    def refusal(self, title: str, text: str, status: int = 200) -> Response:
        """A page for requests that cannot be sent back to the app."""
        return self._document(f"<h1>{escape(title)}</h1><p>{escape(text)}</p>", status)

    def _choices(self, organisations: Sequence[Organisation]) -> str:
        if not organisations:
            return "<p>There is no organisation yet. Create one with <code>POST /_control/organisations</code>.</p>"
        rows = "".join(self._choice(each, is_first=place == 0) for place, each in enumerate(organisations))
        return f"<fieldset><legend>{self.legend}</legend>{rows}</fieldset>"

    def _choice(self, organisation: Organisation, *, is_first: bool) -> str:
        key, checked = escape(organisation.external_org_id), " checked" if is_first else ""
        kind = 'type="checkbox"' if self.takes_several else 'type="radio" required'
        told = f"{escape(organisation.name)}<small>{key} · {escape(organisation.currency)}</small>"
        return f'<label><input {kind} name="{self.field}" value="{key}"{checked}><span>{told}</span></label>'

    def _document(self, body: str, status: int = 200) -> Response:
        head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_STYLE}</style>'
        top = f'<!doctype html><html lang="en"><head>{head}<title>{self.ledger}</title></head>'
        return Response(
            f"{top}<body><main>{body}</main></body></html>", status, content_type="text/html; charset=utf-8"
        )
