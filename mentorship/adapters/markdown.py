"""People's Markdown as HTML that is safe to show to others."""

from functools import lru_cache

import nh3
from markdown_it import MarkdownIt

# Headings start below the page's own h1 and h2, and nothing loads from other sites.
_TAGS = {
    "p", "br", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "hr", "a",
    "h3", "h4", "h5", "h6",
}  # fmt: skip
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}

_PARSER = MarkdownIt("commonmark", {"html": False}).enable("strikethrough").disable("image")
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    url_schemes={"http", "https"},
    url_relative="deny",
    link_rel="nofollow noopener noreferrer ugc",
)


@lru_cache(maxsize=512)
def html_of(text: str) -> str:
    """CommonMark as HTML; the author's own HTML is shown as text, and images become links.

    Only absolute http and https addresses become links. Headings begin at h3. Results are cached,
    because the same text always gives the same HTML.
    """
    tokens = _PARSER.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + 2)}"
    return _CLEANER.clean(_PARSER.renderer.render(tokens, _PARSER.options, {}))
