"""The documented contract of the Cloud API's messages endpoint: what a body must be, and how errors read.

Pure, and written from the provider's documentation, not from any client. Lengths count Unicode code points.
Knows nothing of rates, faults or what was sent before.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

import msgspec

from runtime import Response

Fields = Mapping[str, object]

_PHONE = re.compile(r"\+?[0-9]{5,15}", re.ASCII)
_TEMPLATE = re.compile(r"[a-z0-9_]{1,512}", re.ASCII)
_SCOPED = re.compile(r"[A-Z]{2}(\.ENT)?\.[0-9A-Za-z]{1,128}", re.ASCII)

#: Code -> (HTTP status, type, message). Codes not listed answer 400 with a plain message.
_ERRORS: Mapping[int, tuple[int, str, str]] = {
    0: (401, "OAuthException", "AuthException"),
    1: (400, "OAuthException", "API Unknown"),
    2: (503, "OAuthException", "API Service"),
    3: (500, "OAuthException", "API Method"),
    4: (429, "OAuthException", "API Too Many Calls"),
    10: (403, "OAuthException", "Permission Denied"),
    100: (400, "OAuthException", "Invalid parameter"),
    190: (401, "OAuthException", "Access token has expired"),
    200: (403, "OAuthException", "API Permission"),
    368: (403, "OAuthException", "Temporarily blocked for policies violations"),
    80007: (429, "OAuthException", "Rate limit issues"),
    130429: (429, "OAuthException", "Rate limit hit"),
    130497: (403, "OAuthException", "Business account is restricted from messaging users in this country"),
    131000: (500, "OAuthException", "Something went wrong"),
    131008: (400, "OAuthException", "Required parameter is missing"),
    131009: (400, "OAuthException", "Parameter value is not valid"),
    131016: (500, "OAuthException", "Service unavailable"),
    131021: (400, "OAuthException", "Recipient cannot be sender"),
    131026: (400, "OAuthException", "Message undeliverable"),
    131030: (400, "OAuthException", "Recipient phone number not in allowed list"),
    131031: (403, "OAuthException", "Account has been locked"),
    131042: (400, "OAuthException", "Business eligibility payment issue"),
    131045: (500, "OAuthException", "Incorrect certificate"),
    131047: (400, "OAuthException", "Re-engagement message"),
    131048: (429, "OAuthException", "Spam rate limit hit"),
    131049: (400, "OAuthException", "Message not delivered to maintain healthy ecosystem engagement"),
    131050: (400, "OAuthException", "User has stopped marketing messages"),
    131051: (400, "OAuthException", "Unsupported message type"),
    131052: (400, "OAuthException", "Media download error"),
    131053: (400, "OAuthException", "Media upload error"),
    131056: (429, "OAuthException", "(Business Account, Consumer Account) pair rate limit hit"),
    131057: (500, "OAuthException", "Account in maintenance mode"),
    132001: (404, "OAuthException", "Template does not exist"),
    132018: (400, "OAuthException", "There is an issue with the parameters in the template"),
    132015: (400, "OAuthException", "Template is paused"),
    132016: (400, "OAuthException", "Template is disabled"),
    133004: (503, "OAuthException", "Server temporarily unavailable"),
}


class GraphError(Exception):
    """A refusal in the provider's words: `code`, `details`, and the HTTP status if unusual."""

    def __init__(self, code: int, details: str = "", status: int | None = None) -> None:
        self.code = code
        self.details = details
        self.status = status
        super().__init__(f"({code}) {details}")

    def response(self, trace: str) -> Response:
        """Return the answer with the provider's error body; `trace` becomes its fbtrace_id."""
        usual, kind, message = _ERRORS.get(self.code, (400, "OAuthException", "Error"))
        error = {
            "message": f"(#{self.code}) {message}",
            "type": kind,
            "code": self.code,
            "error_data": {"messaging_product": "whatsapp", "details": self.details or message},
            "fbtrace_id": trace,
        }
        return json_response({"error": error}, status=self.status or usual)


def json_response(content: object, status: int = 200) -> Response:
    """Return a JSON answer."""
    return Response(status, msgspec.json.encode(content), "application/json; charset=utf-8")


def status_error(code: int) -> dict[str, object]:
    """Return the element of `errors` in a `failed` status."""
    message = _ERRORS.get(code, (400, "", "Error"))[2]
    return {"code": code, "title": message, "message": message, "error_data": {"details": message}}


class Send(msgspec.Struct, frozen=True):
    """A send that keeps the contract. `tracker` and `quoted` are "" where the body has none.

    `medium` is the id of the upload that it shows, "" for none, and `medium_kind` what it is shown as.
    """

    to: str
    type: str
    tracker: str
    quoted: str
    medium: str = ""
    medium_kind: str = ""


def decode_body(body: bytes) -> Fields:
    """Return the JSON object of a request; GraphError 100 where it is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, object])
    except (msgspec.MsgspecError, RecursionError):
        raise GraphError(100, "The request body is not a JSON object.") from None


def check_read(body: Fields) -> str:
    """Return the message id of a read (and typing) call; GraphError where it breaks the contract."""
    _product(body)
    if body.get("status") != "read":
        raise GraphError(100, "status must be 'read'.")
    typing = body.get("typing_indicator")
    if typing is not None and _object(body, "typing_indicator").get("type") != "text":
        raise GraphError(100, "typing_indicator['type'] must be 'text'.")
    return _text(body, "message_id", 512)


def check_send(body: Fields) -> Send:
    """Return what a send asks for; GraphError with the first fault where it breaks the contract."""
    _product(body)
    if body.get("recipient_type", "individual") != "individual":
        raise GraphError(100, "recipient_type must be 'individual'.")
    kind = body.get("type", "text")
    check = _TYPES.get(kind) if isinstance(kind, str) else None
    if check is None or not isinstance(kind, str):
        raise GraphError(100, "type must be one of " + ", ".join(sorted(_TYPES)) + ".")
    check(_object(body, kind))
    tracker = _text(body, "biz_opaque_callback_data", 512, required=False)
    quoted = ""
    if "context" in body:
        quoted = _text(_object(body, "context"), "message_id", 512)
    medium_kind, part = _shown(kind, _object(body, kind))
    medium = _text(part, "id", 2048, required=False)
    return Send(_recipient(body), kind, tracker, quoted, medium, medium_kind if medium else "")


def _shown(kind: str, part: Fields) -> tuple[str, Fields]:
    """Return what a message shows, and the object that names it: itself, or what is above its text."""
    if kind == "interactive" and "header" in part:
        header = _object(part, "header")
        shown = str(header.get("type"))
        return (shown, _object(header, shown)) if shown in _SHOWN else ("", {})
    return (kind, part) if kind in _SHOWN else ("", {})


def _product(body: Fields) -> None:
    if body.get("messaging_product") != "whatsapp":
        raise GraphError(100, "messaging_product must be 'whatsapp'.")


def _recipient(body: Fields) -> str:
    if "to" in body:
        to = _text(body, "to", 64)
        if not _PHONE.fullmatch(to):
            raise GraphError(131009, "to must be a phone number of 5 to 15 digits.")
        return to.removeprefix("+")
    recipient = _text(body, "recipient", 160)
    if not _SCOPED.fullmatch(recipient):
        raise GraphError(131009, "recipient must be a business-scoped user id.")
    return recipient


# ── one check for each type of message ────────────────────────────────


def _check_text(part: Fields) -> None:
    _text(part, "body", 4096)
    if not isinstance(part.get("preview_url", False), bool):
        raise GraphError(100, "text['preview_url'] must be a boolean.")


def _media(*, caption: bool) -> Callable[[Fields], None]:
    def check(part: Fields) -> None:
        if ("id" in part) == ("link" in part):
            raise GraphError(100, "Exactly one of id and link must be given.")
        _text(part, "id" if "id" in part else "link", 2048)
        _text(part, "caption", 1024, required=False)
        if "caption" in part and not caption:
            raise GraphError(100, "This type takes no caption.")

    return check


_HEADER = _media(caption=False)


def _check_location(part: Fields) -> None:
    for name, bound in (("latitude", 90), ("longitude", 180)):
        value = part.get(name)
        if isinstance(value, str):
            try:
                value = float(value)
            except ValueError:
                value = None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -bound <= value <= bound:
            raise GraphError(131009, f"location['{name}'] must be a number of degrees.")


def _check_reaction(part: Fields) -> None:
    _text(part, "message_id", 512)
    _text(part, "emoji", 32, required=False)


def _check_template(part: Fields) -> None:
    name = _text(part, "name", 512)
    if not _TEMPLATE.fullmatch(name):
        raise GraphError(132001, "A template's name is made of lower-case letters, digits and underscores.")
    _text(_object(part, "language"), "code", 16)
    for component in _objects(part, "components", low=0, high=20):
        kind = _text(component, "type", 32)
        if kind not in ("header", "body", "button"):
            raise GraphError(131009, "A component's type must be header, body or button.")
        for parameter in _objects(component, "parameters", low=0, high=50):
            if _text(parameter, "type", 32) == "text":
                _check_parameter(_text(parameter, "text", 1024))


def _check_parameter(value: str) -> None:
    if re.search(r"[\n\t]| {5}", value):
        raise GraphError(132018, "A parameter cannot have new lines, tabs or more than 4 consecutive spaces.")


def _check_interactive(part: Fields) -> None:
    kind = part.get("type")
    if kind not in ("button", "list"):
        raise GraphError(131009, "interactive['type'] must be button or list.")
    _text(_object(part, "body"), "text", 1024 if kind == "button" else 4096)
    if "footer" in part:
        _text(_object(part, "footer"), "text", 60)
    if "header" in part:
        header = _object(part, "header")
        if header.get("type") == "text":
            _text(header, "text", 60)
        elif kind == "list" or header.get("type") not in ("image", "video", "document"):
            raise GraphError(131009, "interactive['header'] has a type that is not allowed here.")
        else:
            _HEADER(_object(header, str(header.get("type"))))
    action = _object(part, "action")
    if kind == "button":
        _check_buttons(action)
    else:
        _check_list(action)


def _check_buttons(action: Fields) -> None:
    titles: list[str] = []
    ids: list[str] = []
    for button in _objects(action, "buttons", low=1, high=3):
        if button.get("type") != "reply":
            raise GraphError(131009, "A button's type must be 'reply'.")
        reply = _object(button, "reply")
        titles.append(_text(reply, "title", 20))
        ids.append(_id(reply, 256))
    _unique(titles, "Button titles")
    _unique(ids, "Button ids")


def _check_list(action: Fields) -> None:
    _text(action, "button", 20)
    sections = _objects(action, "sections", low=1, high=10)
    ids: list[str] = []
    for section in sections:
        _text(section, "title", 24, required=len(sections) > 1)
        for row in _objects(section, "rows", low=1, high=10):
            _text(row, "title", 24)
            _text(row, "description", 72, required=False)
            ids.append(_id(row, 200))
    if len(ids) > 10:
        raise GraphError(131009, f"A list holds at most 10 rows in all, this one has {len(ids)}.")
    _unique(ids, "Row ids")


_SHOWN = ("image", "video", "document", "audio", "sticker")
_TYPES: Mapping[str, Callable[[Fields], None]] = {
    "text": _check_text,
    "image": _media(caption=True),
    "video": _media(caption=True),
    "document": _media(caption=True),
    "audio": _media(caption=False),
    "sticker": _media(caption=False),
    "location": _check_location,
    "reaction": _check_reaction,
    "template": _check_template,
    "interactive": _check_interactive,
}


# ── fields ────────────────────────────────────────────────────────────


def _text(owner: Fields, name: str, limit: int, *, required: bool = True) -> str:
    """Return a text of 1 to `limit` characters, "" where it may be and is absent."""
    if name not in owner:
        if required:
            raise GraphError(131008, f"Parameter {name} is missing.")
        return ""
    value = owner[name]
    if not isinstance(value, str):
        raise GraphError(100, f"Parameter {name} must be a string.")
    if required and not value.strip():
        raise GraphError(131009, f"Parameter {name} must not be empty.")
    if len(value) > limit:
        raise GraphError(100, f"Parameter {name} must be at most {limit} characters long, not {len(value)}.")
    return value


def _id(owner: Fields, limit: int) -> str:
    value = _text(owner, "id", limit)
    if value != value.strip():
        raise GraphError(131009, "An id must not begin or end with a space.")
    return value


def _object(owner: Fields, name: str) -> Fields:
    if name not in owner:
        raise GraphError(131008, f"Parameter {name} is missing.")
    value = owner[name]
    if not isinstance(value, dict):
        raise GraphError(100, f"Parameter {name} must be an object.")
    return value


def _objects(owner: Fields, name: str, *, low: int, high: int) -> Sequence[Fields]:
    value = owner.get(name, [])
    if not isinstance(value, list) or not all(isinstance(element, dict) for element in value):
        raise GraphError(100, f"Parameter {name} must be a list of objects.")
    if not low <= len(value) <= high:
        raise GraphError(131009, f"Parameter {name} must have {low} to {high} elements, not {len(value)}.")
    return value


def _unique(values: Sequence[str], what: str) -> None:
    if len(set(values)) != len(values):
        raise GraphError(131009, f"{what} must be unique.")
