"""How a connection begins: consent asked for and answered in the browser, credentials typed, an organisation chosen.

None of this calls a ledger: a worker finishes (`finishing`).
"""

from collections.abc import Mapping
from datetime import timedelta
from secrets import token_urlsafe
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.engine import manifest
from integrations.engine.ways import Way
from integrations.models import Authorisation, Connection
from integrations.services import access
from integrations.services.wayforms import checked_form, chosen_settings
from tenants.models import Tenant, User

CONSENT_MINUTES = 20
CHOICE_HOURS = 24


def start_authorisation(
    *,
    tenant: Tenant,
    connector: str,
    redirect_uri: str,
    requested_by: User | None,
    connection: Connection | None = None,
    way: str = "",
    settings: Mapping[str, str] | None = None,
) -> tuple[Authorisation, str]:
    """Write down a consent that is about to be asked for; returns the row and the ledger's page to send the browser to.

    `connection` is the one to reconnect, `settings` what was chosen (data centre). ConfigurationError when the ledger's
    client id or secret is not set, ValidationError for a choice that there is not.
    """
    chosen, verifier = manifest.load(connector).way(way), token_urlsafe(48)
    authorisation = Authorisation(
        tenant=tenant,
        connector=connector,
        way=chosen.name,
        settings=chosen_settings(connector, settings or {}, before=connection),
        state=token_urlsafe(32),
        redirect_uri=redirect_uri,
        secret={"verifier": verifier, "org": connection.external_org_id if connection else ""},
        connection=connection,
        requested_by=requested_by,
        expires_at=timezone.now() + timedelta(minutes=CONSENT_MINUTES),
    )
    url = access.authorize_url(authorisation, code_verifier=verifier)
    authorisation.save(force_insert=True)
    return authorisation, url


def start_with_credentials(
    *,
    tenant: Tenant,
    connector: str,
    way: str,
    values: Mapping[str, str],
    requested_by: User | None,
    connection: Connection | None = None,
) -> Authorisation:
    """Keep what a person typed, secrets encrypted, for a worker to try; ring `finish_authorisation`.

    ValidationError names each field that cannot be right.
    """
    chosen = manifest.load(connector).way(way)
    settings, typed = checked_form(connector, chosen, values, before=connection)
    return Authorisation.objects.create(
        tenant=tenant,
        connector=connector,
        way=chosen.name,
        settings=settings,
        state=token_urlsafe(32),
        secret={"typed": typed, "org": chosen.org.format_map(settings) if chosen.org else ""},
        status=Authorisation.Status.RECEIVED,
        connection=connection,
        requested_by=requested_by,
        expires_at=timezone.now() + timedelta(minutes=CONSENT_MINUTES),
    )


def receive_callback(*, tenant: Tenant, parameters: Mapping[str, str], user: User | None = None) -> Authorisation:
    """Keep what the ledger sent back with the browser, encrypted, for a worker; no network.

    The row is RECEIVED (ring `finish_authorisation`), or DENIED when the person declined. ValidationError, in words,
    when the state is unknown, another person's, used before, or too old.
    """
    waiting = Authorisation.objects.for_tenant(tenant).filter(state=parameters.get("state", ""))
    authorisation = waiting.first()
    if authorisation is None or (user is not None and authorisation.requested_by_id not in (None, user.pk)):
        raise ValidationError("This answer does not belong to a connection you started. Start again from Connections.")
    if authorisation.expires_at <= timezone.now():
        raise ValidationError("The ledger's answer came too late. Start the connection again.")
    if not waiting.filter(status=Authorisation.Status.STARTED).update(**_answer(authorisation, parameters)):
        raise ValidationError("This answer was used already. Look at Connections to see how it went.")
    authorisation.refresh_from_db()
    return authorisation


def choose_organisation(authorisation: Authorisation, organisation_id: str) -> None:
    """Go on with one of the organisations that the consent covers; ring `finish_authorisation`."""
    if organisation_id not in {choice["id"] for choice in authorisation.choices}:
        raise ValidationError("Choose one of the organisations below.")
    rows = Authorisation.objects.for_tenant(authorisation.tenant_id).filter(pk=authorisation.pk)
    secret = {**authorisation.secret, "org": organisation_id}
    if not rows.filter(status=Authorisation.Status.CHOOSING).update(
        status=Authorisation.Status.RECEIVED, secret=secret, error={}
    ):
        raise ValidationError("This choice was made already. Look at Connections to see how it went.")


def _answer(authorisation: Authorisation, parameters: Mapping[str, str]) -> dict[str, Any]:
    if parameters.get("code"):
        way = manifest.load(authorisation.connector).way(authorisation.way)
        return _agreed(authorisation, way, parameters)
    declined = parameters.get("error") == "access_denied"
    error = {
        "code": parameters.get("error", "no_code")[:60],
        "message": "The consent was declined." if declined else "The ledger refused the consent.",
        "ledger_message": parameters.get("error_description", "")[:500],
        "remedy": "Start again and choose Connect on the ledger's page."
        if declined
        else "Check that the portal's address is registered as a redirect address with the ledger, then start again.",
        "who_can_fix": "you" if declined else "operator",
    }
    status = Authorisation.Status.DENIED if declined else Authorisation.Status.FAILED
    return {"status": status, "error": error, "secret": {}}


def _agreed(authorisation: Authorisation, way: Way, parameters: Mapping[str, str]) -> dict[str, Any]:
    org, settings = access.callback_facts(way, parameters)
    secret = {"code": parameters["code"], "org": org, "verifier": authorisation.secret.get("verifier", "")}
    return {
        "status": Authorisation.Status.RECEIVED,
        "secret": secret,
        # What the ledger says of itself wins over what was chosen before.
        "settings": {**authorisation.settings, **settings},
    }
