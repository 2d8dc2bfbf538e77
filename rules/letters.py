"""The form of mails: the same paragraphs as plain text and as HTML."""

from __future__ import annotations

from html import escape


def letter(subject: str, *paragraphs: str) -> tuple[str, str, str]:
    """Subject, plain text and HTML of a mail."""
    body = "\n".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    html = (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(subject)}</title></head>\n'
        f'<body style="font-family:sans-serif;font-size:14px;color:#222">\n{body}\n</body></html>\n'
    )
    return subject, "\n\n".join(paragraphs) + "\n", html
