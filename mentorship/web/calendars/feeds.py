"""Sessions in other calendars: a private feed, and one session as a file."""

from flask import (
    Blueprint,
    Flask,
    Response,
    current_app,
    flash,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from mentorship import current
from mentorship.adapters import ics, translations
from mentorship.clock import utc_now
from mentorship.domain.calendars import Alarm
from mentorship.domain.shared.errors import InvalidInput
from mentorship.domain.shared.messages import Message, ngettext
from mentorship.extensions import db
from mentorship.queries.calendars import MOST_ENTRIES, entries, entry, feed_of, left_out, versions
from mentorship.queries.sessions.detail import session_page
from mentorship.queries.shared.installation import identity_of
from mentorship.services.calendars import feeds
from mentorship.services.calendars.entries import event_of
from mentorship.web.calendars.feed_cache import DrawnFeeds
from mentorship.web.http.authentication import required_viewer
from mentorship.web.http.formatting import translate
from mentorship.web.http.password_confirmation import require_recent_password
from mentorship.web.sessions.sweep_first import sweep

bp = Blueprint("calendar_feeds", __name__)
_DRAWN = "drawn_feeds"

FIRST_ALARM = Alarm.TEN_MINUTES
"""The reminder of a new feed, until its owner chooses another one."""


def init_app(app: Flask) -> None:
    """Create the cache of rendered feeds of this process."""
    app.extensions[_DRAWN] = DrawnFeeds()


@bp.get("/calendar/<feed_token>.ics")
def read(feed_token: str) -> Response:
    """The feed at this address; anybody with the address may read it.

    Sweeps first, so that no calendar shows an outdated status. Renders the feed only if it has
    changed.
    """
    session, now = db.session(), utc_now()
    feed = feeds.open_feed(session, feed_token)
    sweep(now)

    def draw() -> bytes:
        identity, settings = identity_of(session), current.settings()
        events = (
            event_of(
                each,
                feed.viewer,
                identity=identity,
                base_url=settings.base_url,
                names=settings.group_names,
                alarm=feed.alarm,
            )
            for each in entries(session, feed.viewer, now=now)
        )
        cut = translations.say(_about_cut(missing), feed.viewer.language) if missing else ""
        return ics.feed("Mentorship", events, description=cut)

    shown = versions(session, feed.viewer, now=now)
    missing = left_out(session, feed.viewer, now=now)
    state = (feed.viewer, feed.alarm, shown, missing)
    drawn_feeds: DrawnFeeds = current_app.extensions[_DRAWN]
    drawn = drawn_feeds.get(state, draw)
    response = _calendar(drawn.content)
    response.headers["Cache-Control"] = "private, no-cache"
    response.set_etag(drawn.etag)
    response.make_conditional(request)
    return response


@bp.get("/sessions/<id:session_id>.ics")
def one_session(session_id: int) -> Response:
    """One session as a file for any calendar program."""
    session, viewer, now = db.session(), required_viewer(), utc_now()
    sweep(now)
    session_page(session, viewer, session_id, now=now, cutoff=current.settings().cutoff)
    event = event_of(
        entry(session, session_id, viewer),
        viewer,
        identity=identity_of(session),
        base_url=current.settings().base_url,
        names=current.settings().group_names,
    )
    response = _calendar(ics.feed("Mentorship", [event]))
    response.headers["Content-Disposition"] = f'attachment; filename="session-{session_id}.ics"'
    return response


@bp.get("/account/calendar")
def show() -> str:
    """The viewer's feed address, or how to create one."""
    return _page()


@bp.post("/account/calendar")
def create() -> str:
    """Create a new address. Only this answer shows it, so there is no redirect."""
    session, viewer = db.session(), required_viewer()
    require_recent_password(viewer)
    known = feed_of(session, viewer.id)
    alarm = known.alarm if known else FIRST_ALARM
    secret = feeds.create_feed(session, viewer=viewer, alarm=alarm, now=utc_now())
    return _page(address=f"{current.settings().base_url}/calendar/{secret}.ics")


@bp.post("/account/calendar/alarm")
def choose_alarm() -> AnyResponse | tuple[str, int]:
    """Choose when calendars that read the feed remind of a session."""
    session, viewer = db.session(), required_viewer()
    try:
        alarm = feeds.clean_alarm(request.form.get("alarm", ""))
    except InvalidInput as error:
        return _page(error=translate(error)), 400
    feeds.set_alarm(session, viewer=viewer, alarm=alarm)
    return _back(_("Saved. Your calendar picks this up at its next refresh."))


@bp.post("/account/calendar/end")
def remove() -> AnyResponse:
    """End the address, so that nobody can read the feed there any more."""
    session, viewer = db.session(), required_viewer()
    feeds.revoke_feed(session, viewer=viewer)
    return _back(_("The address has ended. Calendars that used it get no more updates."))


def _about_cut(missing: int) -> Message:
    return ngettext(
        "This calendar has room for %(most)s sessions. %(n)s older session is left out.",
        "This calendar has room for %(most)s sessions. %(n)s older sessions are left out.",
        missing,
        most=MOST_ENTRIES,
    )


def _page(*, address: str = "", error: str = "") -> str:
    viewer = required_viewer()
    missing = left_out(db.session(), viewer, now=utc_now())
    return render_template(
        "calendars/feed.html",
        viewer=viewer,
        feed=feed_of(db.session(), viewer.id),
        address=address,
        error=error,
        cut=translate(_about_cut(missing)) if missing else "",
    )


def _calendar(content: bytes) -> Response:
    return Response(content, content_type="text/calendar; charset=utf-8")


def _back(message: str) -> AnyResponse:
    flash(message)
    return redirect(url_for("calendar_feeds.show"), code=303)
