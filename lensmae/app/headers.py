"""What a browser is told to refuse: nothing on a page comes from elsewhere, and no other site shows our pages in a frame."""

import base64
import hashlib
import re
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import streamlit
from starlette.middleware import Middleware

Message = MutableMapping[str, Any]
Send = Callable[[Message], Awaitable[None]]

_INDEX = Path(streamlit.__file__).parent / "static" / "index.html"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _hashes() -> str:
    """The scripts in Streamlit's own page, which are allowed by what they are; no other inline script is."""
    found = (hashlib.sha256(text.encode()).digest() for text in _INLINE.findall(_INDEX.read_text(encoding="utf-8")))
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found)


# Plotly's WebGL compiles shaders' glue (unsafe-eval), Streamlit styles elements and runs our components from blobs.
POLICY = {
    "default-src": "'self'",
    "script-src": f"'self' 'unsafe-eval' 'wasm-unsafe-eval' blob: {_hashes()}",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' ws: wss: data: blob:",
    "worker-src": "'self' blob:",
    "frame-src": "'self'",
    "frame-ancestors": "'self'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "X-Frame-Options": "SAMEORIGIN",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
_ENCODED = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]


class SecurityHeaders:
    """ASGI middleware that adds `HEADERS` to every answer."""

    def __init__(self, app: Callable[..., Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Message, receive: Callable[[], Awaitable[Message]], send: Send) -> None:
        """Pass a request on, and its answer with the headers back."""

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                named = {name for name, _ in _ENCODED}
                kept = [pair for pair in message.get("headers", []) if pair[0].lower() not in named]
                message = {**message, "headers": [*kept, *_ENCODED]}
            await send(message)

        await self.app(scope, receive, with_headers)


MIDDLEWARE = [Middleware(SecurityHeaders)]
