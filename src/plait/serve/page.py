"""Pages for people: rendered here, whole, without scripts and without anything from elsewhere."""

from pathlib import Path

from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader

_PAGES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
)
_HEADERS = {
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "x-content-type-options": "nosniff",
}


def show(template: str, **values: object) -> HTMLResponse:
    """Return the page of a template, every value in it escaped."""
    return HTMLResponse(_PAGES.get_template(template).render(values), headers=_HEADERS)
