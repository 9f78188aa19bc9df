"""Which addresses Telegram takes for links."""

import re
from urllib.parse import urlsplit

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_OTHER_SCHEMES = frozenset({"tg", "ton", "tonsite"})


def link_problem(url: str) -> str | None:
    """Telegram's words for what is wrong with a link, None if nothing is.

    The host must hold a dot, so http://localhost:8000 is refused and http://127.0.0.1:8000 is not. A link without a
    scheme is read as http.
    """
    url = url.strip()
    if not url:
        return "URL must be non-empty"
    scheme = _SCHEME.match(url)
    if scheme and scheme[1].lower() in _OTHER_SCHEMES:
        return None
    if scheme and "://" in url and scheme[1].lower() not in ("http", "https"):
        return "Unsupported URL protocol"
    try:
        host = urlsplit(url if "://" in url else f"http://{url}").hostname or ""
    except ValueError:
        host = ""
    if "." not in host.strip(".") or ".." in host or any(letter.isspace() for letter in url):
        return "Wrong HTTP URL"
    return None


def https_problem(url: str) -> str | None:
    """The same for what must be opened over HTTPS: Web Apps and login links."""
    if link_problem(url) is None and not url.strip().lower().startswith("https://"):
        return "Only HTTPS links are allowed"
    return link_problem(url)


def link_url(url: str) -> str | None:
    """The link as Telegram keeps it in a text, None if it drops the link and keeps the words."""
    url = url.strip()
    if link_problem(url) is not None:
        return None
    return url if _SCHEME.match(url) and ("://" in url or url.lower().startswith("ton")) else f"http://{url}"
