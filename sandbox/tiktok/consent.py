"""The token host and the seller's consent page (sheet 1.1–1.4)."""

import html
from collections.abc import Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from sandbox.tiktok.errors import ApiError
from sandbox.tiktok.gateway import Gateway
from sandbox.tiktok.tokens import token_call
from sandbox.tiktok.world import TikTokWorld

_PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Authorize the app</title></head>
<body><h1>Authorize the app</h1>{content}</body></html>"""


def routes(world: TikTokWorld, gateway: Gateway) -> list[Route]:
    def token(action: str) -> Callable[[Request], Response]:
        def answer(request: Request) -> Response:
            with world.lock:
                world.calls[f"GET /api/v2/token/{action}"] += 1
                try:
                    return gateway.success(token_call(world, action, dict(request.query_params)))
                except ApiError as error:
                    return gateway.refusal(error)

        return answer

    def consent(request: Request) -> Response:
        query = request.query_params
        if query.get("service_id") != world.service_id and query.get("app_key") != world.app_key:
            return HTMLResponse(_PAGE.format(content="<p>The app does not exist.</p>"), 400)
        state = query.get("state", "")
        content = f"<p>{html.escape(world.seller_name)}, do you let this app manage your shop?</p>"
        for decision, label in (("approve", "Authorize"), ("deny", "Cancel")):
            link = "/open/authorize/decision?" + urlencode({"decision": decision, "state": state})
            content += f'<p><a id="{decision}" href="{html.escape(link)}">{label}</a></p>'
        return HTMLResponse(_PAGE.format(content=content))

    def decide(request: Request) -> Response:
        answer = {"app_key": world.app_key, "state": request.query_params.get("state", "")}
        if request.query_params.get("decision") == "approve":
            locale = world.shop.market.locale
            answer |= {"code": world.auth_code(), "locale": locale, "shop_region": world.region}
        else:
            answer |= {"code": "null", "error": "auth_denied"}
        if world.redirect_url is None:
            content = f"<p>No redirect URL is set. Code: <code>{html.escape(answer['code'])}</code></p>"
            return HTMLResponse(_PAGE.format(content=content))
        separator = "&" if "?" in world.redirect_url else "?"
        return RedirectResponse(f"{world.redirect_url}{separator}{urlencode(answer)}", 302)

    return [
        Route("/api/v2/token/get", token("get")),
        Route("/api/v2/token/refresh", token("refresh")),
        Route("/open/authorize", consent),
        Route("/oauth/authorize", consent),
        Route("/open/authorize/decision", decide),
    ]
