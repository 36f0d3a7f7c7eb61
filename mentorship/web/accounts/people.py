"""The list of people, where admins approve mentors."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from mentorship import current
from mentorship.clock import utc_now
from mentorship.domain.shared.messages import N_
from mentorship.extensions import db
from mentorship.queries.accounts.people import people_page
from mentorship.services.accounts.approve_mentor import approve_mentor as approve_mentor
from mentorship.services.shared.text_fields import clean_text
from mentorship.web.http.authentication import required_admin
from mentorship.web.http.formatting import translate
from mentorship.web.http.request_body import page_number

bp = Blueprint("people", __name__, url_prefix="/people")


@bp.get("")
def show() -> str:
    """The people who match the search, in pages, mentors to be approved first."""
    viewer = required_admin()
    search = clean_text(
        request.args.get("q", ""), what=N_("The search text"), longest=100, required=False
    )
    found = people_page(db.session(), search=search, page=page_number("page"))
    return render_template("accounts/people.html", viewer=viewer, found=found, search=search)


@bp.post("/<id:person_id>/approve")
def approve(person_id: int) -> Response:
    """Approve a mentor."""
    viewer = required_admin()
    message = approve_mentor(
        db.session(),
        viewer=viewer,
        person_id=person_id,
        links=current.links(),
        now=utc_now(),
    )
    flash(translate(message))
    return redirect(url_for("people.show"), code=303)
