"""What a page of the calendar shows."""

import re


def parts(page):
    """Each day or hour in order: its heading, and the topics under it."""
    found = []
    for part in re.split(r"<h3>", page.text)[1:]:
        heading, _, rest = part.partition("</h3>")
        found.append((re.sub(r"<[^>]*>", "", heading), re.findall(r"<span>([^<]+)</span>", rest)))
    return found
