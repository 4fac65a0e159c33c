"""SOAP faults and statuses."""

from integrations.sandbox.netsuite.soap.xml import leaf, node


class SoapFault(Exception):  # noqa: N818 - the protocol's own word
    """A refusal of the whole request: HTTP 500 with a fault of this name, code and text."""

    def __init__(self, name: str, code: str, message: str, *, side: str = "Server.userException") -> None:
        super().__init__(message)
        self.name = name
        self.code = code
        self.message = message
        self.side = side

    def body(self) -> str:
        """The fault element."""
        inside = leaf("platformFaults:code", self.code) + leaf("platformFaults:message", self.message)
        return node(
            "soapenv:Fault",
            leaf("faultcode", f"soapenv:{self.side}"),
            leaf("faultstring", self.message),
            node("detail", node(f"platformFaults:{self.name}", inside)),
        )


def login() -> SoapFault:
    """Whatever was wrong with the passport."""
    return SoapFault("invalidCredentialsFault", "INVALID_LOGIN_ATTEMPT", "Invalid login attempt.")


def blocked() -> SoapFault:
    """The account's pool is full."""
    text = "SuiteTalk concurrent request limit exceeded. Request blocked."
    return SoapFault("exceededConcurrentRequestLimitFault", "WS_REQUEST_BLOCKED", text)


def too_many(most: int) -> SoapFault:
    """More records than one call may name."""
    return SoapFault("exceededRecordCountFault", "EXCEEDED_MAX_RECORDS", f"The maximum number of records is {most}.")


def malformed(text: str) -> SoapFault:
    """No sound envelope."""
    return SoapFault("invalidSessionFault", "USER_ERROR", text, side="Client")


def unexpected(text: str) -> SoapFault:
    """Something failed inside."""
    return SoapFault("unexpectedErrorFault", "UNEXPECTED_ERROR", text)


def success() -> str:
    """A status that says yes."""
    return node("platformCore:status", isSuccess="true")


def failure(code: str, message: str) -> str:
    """A status that says no, and why."""
    inside = leaf("platformCore:code", code) + leaf("platformCore:message", message)
    return node("platformCore:status", node("platformCore:statusDetail", inside, type="ERROR"), isSuccess="false")
