"""Mentors' Markdown is rendered as harmless HTML."""

import pytest

from mentorship.adapters.markdown import html_of


def test_markdown_is_laid_out():
    html = html_of("# Me\n\nI *like* **code**:\n\n- one\n- two")

    assert html == (
        "<h3>Me</h3>\n<p>I <em>like</em> <strong>code</strong>:</p>\n"
        "<ul>\n<li>one</li>\n<li>two</li>\n</ul>\n"
    )


def test_links_lead_to_other_sites_without_our_blessing():
    html = html_of("[my page](https://example.org/a?b=1&c=2)")

    assert 'href="https://example.org/a?b=1&amp;c=2"' in html
    assert 'rel="nofollow noopener noreferrer ugc"' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "![a picture](https://example.org/a.png)",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,AAAA)",
        "[x](//example.org/elsewhere)",
        "[x](/logout)",
        '<a href="https://example.org" onclick="alert(1)">x</a>',
        "<style>body { display: none }</style>",
        "`<b onmouseover=alert(1)>`",
    ],
)
def test_what_would_run_load_or_mislead_is_taken_out_or_shown_as_text(text):
    html = html_of(text)

    for harm in ("<script", "<img", "<style", "<b ", 'href="java', 'href="data', 'href="/'):
        assert harm not in html.lower()
    assert "<a href" not in html or 'href="https://example.org' in html
