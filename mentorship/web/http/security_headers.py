"""Response headers of every answer."""

from flask import Flask, Response
from secure import (
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    PermissionsPolicy,
    ReferrerPolicy,
    Secure,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)

from mentorship.config import Settings


def security_headers(settings: Settings) -> dict[str, str]:
    """The headers of every answer: pages load only our own files, and cannot be framed."""
    secure_headers = Secure(
        csp=ContentSecurityPolicy()
        .default_src("'none'")
        .script_src("'self'")
        .style_src("'self'")
        .img_src("'self'")
        .connect_src("'self'")
        .form_action("'self'")
        .base_uri("'none'")
        .frame_ancestors("'none'"),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        hsts=StrictTransportSecurity().max_age(31_536_000)
        if settings.base_url.startswith("https://")
        else None,
        permissions=PermissionsPolicy().geolocation().microphone().camera(),
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
    )
    return dict(secure_headers.headers)


def fixed_headers(settings: Settings) -> list[tuple[str, str]]:
    """The headers of every answer except static files, which is private and must not be stored."""
    return [
        *security_headers(settings).items(),
        ("Cache-Control", "no-store"),
        ("Vary", "Cookie, HX-Request, Accept-Language"),
    ]


def init_app(app: Flask, settings: Settings) -> None:
    """Add the headers to every answer; a view that allows caching sets Cache-Control itself."""
    fixed = fixed_headers(settings)
    of_cacheable = [header for header in fixed if header[0] != "Cache-Control"]

    @app.after_request
    def add_headers(response: Response) -> Response:
        is_cacheable = "Cache-Control" in response.headers
        response.headers.extend(of_cacheable if is_cacheable else fixed)
        return response
