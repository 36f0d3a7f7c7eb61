"""Response headers that hold everywhere."""

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
    """Of every answer: pages run nothing but the product's own files, and stand in no frame."""
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
    """Of all but static files: answers are private and not stored."""
    return [
        *security_headers(settings).items(),
        ("Cache-Control", "no-store"),
        ("Vary", "Cookie, HX-Request, Accept-Language"),
    ]


def init_app(app: Flask, settings: Settings) -> None:
    """Every answer carries them; one that may be kept says so itself."""
    fixed = fixed_headers(settings)
    of_what_may_be_kept = [header for header in fixed if header[0] != "Cache-Control"]

    @app.after_request
    def add_headers(response: Response) -> Response:
        is_kept = "Cache-Control" in response.headers
        response.headers.extend(of_what_may_be_kept if is_kept else fixed)
        return response
