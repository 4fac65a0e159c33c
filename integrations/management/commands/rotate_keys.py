"""`rotate_keys`: after a new key was put first in FERNET_KEYS."""

from typing import Any

from integrations.services.keys import rotate_keys
from tenants.commands import PortalCommand


class Command(PortalCommand):
    help = (
        "Write every stored secret anew under the first key of FERNET_KEYS. Put the new key first, keep the old one"
        " behind it, restart, run this, then remove the old one."
    )

    def run(self, **options: Any) -> dict[str, Any]:
        return dict(rotate_keys())
