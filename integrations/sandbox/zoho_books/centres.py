"""Zoho's data centres: an organisation lives in one, and its tokens are known there only.

Real ones are hosts; here a path may begin with a centre's short name (/zoho_books/eu/books/v3/…) or leave it out.
"""

from werkzeug.wrappers import Request

_ACCOUNTS = {
    "us": "accounts.zoho.com", "eu": "accounts.zoho.eu", "in": "accounts.zoho.in", "au": "accounts.zoho.com.au",
    "jp": "accounts.zoho.jp", "cn": "accounts.zoho.com.cn", "ca": "accounts.zohocloud.ca", "sa": "accounts.zoho.sa",
}  # fmt: skip
CENTRES = tuple(_ACCOUNTS)
_OWN = {"US", "IN", "AU", "JP", "CN", "CA", "SA"}


def of(country: str) -> str:
    """The data centre of an organisation: its country's own, else the European one."""
    return country.lower() if country in _OWN else "eu"


def _is_real(request: Request) -> bool:
    """Whether the caller uses the real hosts' names (by a proxy or a hosts file)."""
    return "zoho" in request.host


def accounts_server(request: Request, centre: str) -> str:
    """What the callback says: the real host, or this sandbox below the centre's name."""
    if _is_real(request):
        return f"https://{_ACCOUNTS[centre]}"
    return f"{request.host_url.rstrip('/')}/zoho_books/{centre}"


def api_domain(request: Request, centre: str) -> str:
    """What a token answer says."""
    if _is_real(request):
        return "https://www." + _ACCOUNTS[centre].replace("accounts.zohocloud", "zohoapis").replace(
            "accounts.zoho", "zohoapis"
        )
    return f"{request.host_url.rstrip('/')}/zoho_books/{centre}"
