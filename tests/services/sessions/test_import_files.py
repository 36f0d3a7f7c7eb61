"""Files of sessions in every form that spreadsheets give them, and what is wrong with others."""

import pytest

from mentorship.domain.sessions.lifecycle import Status
from mentorship.services.sessions.imports.import_csv import import_sessions
from tests.support.builders import at
from tests.support.imports import (
    ELEVEN,
    GOOD,
    HEADER,
    LATER,
    MAYA,
    NOW,
    SAM,
    TEN,
    a_file,
    counts,
    refusal,
    row,
    semicolons,
    stored,
)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "content",
    [
        a_file(GOOD),
        b"\xef\xbb\xbf" + a_file(GOOD),
        a_file(GOOD, end="\r\n"),
        a_file(GOOD, end="\r"),
        a_file("", GOOD, "", ",,,,,,"),
        a_file(GOOD).rstrip(b"\n"),
        a_file(GOOD.rsplit(",", 2)[0], header=HEADER.rsplit(",", 2)[0]),
        a_file(GOOD, header=HEADER.upper().replace(",", " , ")),
        a_file(f'"{MAYA}", {SAM.upper()} ,{TEN},{ELEVEN},"A topic",  , '),
        a_file(f'{MAYA},{SAM},{TEN},{ELEVEN},"\nA topic\r\n",,'),
        a_file(
            f"A topic,{ELEVEN},{TEN},{SAM},{MAYA}",
            header="topic,end,start,student_email,mentor_email",
        ),
        a_file(f"{MAYA},{SAM},2026-11-24T05:45-04:15,2026-11-24 16:45+05:45,A topic,,"),
        b"\xef\xbb\xbf" + semicolons(GOOD).replace(b"\n", b"\r\n"),
        semicolons(GOOD.replace("A topic", '"A topic"')),
        a_file(GOOD).replace(b",", b"\t"),
        a_file(GOOD).replace(b",", b"\t").decode().encode("utf-16"),
        a_file(GOOD).replace(b",", b"\t").decode().encode("utf-16-be"),
        b"sep=;\r\n" + semicolons(GOOD),
        b"\xef\xbb\xbfsep=,\n" + a_file(GOOD),
        b"sep=|\n" + a_file(GOOD).replace(b",", b"|"),
        b"sep=;\n" + a_file(GOOD),
        b'"sep=\t"\n' + a_file(GOOD).replace(b",", b"\t"),
        a_file(GOOD + ",,,", ",,,,,,,,,", ",", header=HEADER + ",,,"),
        semicolons(GOOD + ",,,", header=HEADER + ",,,"),
        a_file(GOOD + ",,,"),
        a_file(GOOD[:-1], header=HEADER),
        a_file(GOOD[:-2], header=HEADER + ",,"),
        a_file(GOOD.replace(",A topic", ",,A topic"), header=HEADER.replace(",topic", ",,topic")),
        semicolons(GOOD[:-2].replace("T", " t".strip()).replace("Z", "z"), header=HEADER),
        a_file(", ".join(GOOD.split(",")).replace("A topic", '"A topic"'), header=HEADER.title()),
        a_file(f"{MAYA},{SAM},2026-11-24 10:00:00 Z,2026-11-24T11:00 +00:00,A topic,,"),
    ],
    ids=[
        "plain",
        "byte order mark",
        "CRLF",
        "CR",
        "empty lines",
        "no last line end",
        "without the optional columns",
        "header in capitals",
        "blanks and quotes",
        "line ends inside quotes",
        "other order",
        "other offsets",
        "Excel in German",
        "semicolons and quotes",
        "tabs",
        "Unicode text of Excel",
        "UTF-16 without a mark",
        "Excel's line of the separator",
        "the same after a mark",
        "another separator",
        "a line of the separator that is wrong",
        "the same in quotes",
        "empty columns and rows at the end",
        "the same with semicolons",
        "empty cells after the last column",
        "a row without the last column",
        "a row without both optional columns",
        "a column without a name and cells",
        "lower-case t and z",
        "blanks before quotes",
        "blanks before the offset",
    ],
)
def test_files_as_spreadsheets_write_them_mean_the_same(session, cast, content):
    assert counts(import_sessions(session, content, now=NOW)) == (1, 0)

    [booking] = stored(session)
    assert (booking.start_time, booking.end_time) == (at("10:00"), at("11:00"))
    assert (booking.topic, booking.status) == ("A topic", Status.SCHEDULED)


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("start", "end"),
    [
        ("T9:00Z", "T9:30z"),
        (" 9:00+00:00", " 9:30 +00:00"),
        ("t09:00:00z", "t9:30:00z"),
        ("T9:00:00.000Z", "T9:30:00+0000"),
        ("T11:00+2:00", "T11:30+02"),
    ],
)
def test_times_as_people_write_them_mean_the_same(session, cast, start, end):
    import_sessions(
        session, a_file(row(start=f"2026-11-24{start}", end=f"2026-11-24{end}")), now=NOW
    )

    [booking] = stored(session)
    assert (booking.start_time, booking.end_time) == (at("09:00"), at("09:30"))


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_flag_is_true_or_false_in_english_and_german(session, cast):
    words = {
        True: ("true", "TRUE", "yes", "y", "1", "x", "X", "wahr", "WAHR", "ja", " Ja ", "j"),
        False: ("false", "FALSE", "no", "n", "0", "", "falsch", "FALSCH", "nein", " Nein "),
    }
    expected = [truth for truth, spelled in words.items() for _word in spelled]
    lines = [
        row(
            start=f"2026-10-{day:02}T10:00Z",
            end=f"2026-10-{day:02}T11:00Z",
            status="ongoing",
            is_delayed=word,
        )
        for day, word in enumerate(words[True] + words[False], start=1)
    ]

    import_sessions(session, a_file(*lines), now=NOW)

    assert [booking.is_delayed for booking in stored(session)] == expected


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_a_topic_may_hold_what_python_takes_for_a_line_end(session, cast):
    topic = "One\u2028two"

    import_sessions(session, a_file(GOOD.replace("A topic", topic)), now=NOW)

    assert stored(session)[0].topic == topic


WRONG_FILES = [
    # the file, how the sentence begins
    (b"",                                          "The file is empty."),
    (b"\n\n",                                      "The file is empty."),
    (a_file(GOOD, header="a,b"),                   "row 1: the column mentor_email is missing."),
    (a_file(GOOD, header=HEADER[:-6]),             "row 1, column is_d: there is no such column."),
    (a_file(GOOD, header=HEADER + ",mentorId"),    "row 1, column mentorid: there is no such"),
    (a_file(GOOD, header=HEADER + ",topic"),       "row 1, column topic: it stands there twice."),
    (a_file(GOOD, GOOD.partition(",A topic")[0]),  "row 3, column topic: the cell is missing."),
    (a_file(GOOD, MAYA),                           "row 3, column student_email: the cell is"),
    (a_file(GOOD + ",x,y"),                        "row 2, column 8: there are only 7 columns."),
    (a_file(f'"{MAYA}"x' + GOOD[len(MAYA):]),      "row 2, column mentor_email: this cell cannot"),
    (a_file("", row(topic='"A ""b""\r\nc"'), row(topic='"x"y')), "row 4, column topic: this cell"),
    (a_file(GOOD, '"' + LATER),                    "row 3, column mentor_email: this cell cannot"),
    (a_file(row(topic='"A, b'), LATER),            "row 2, column topic: this cell cannot be read"),
    (a_file(GOOD + ',"x'),                         "row 2, column 8: this cell cannot be read: un"),
    (a_file(GOOD, header='"' + HEADER),            "row 1, column 1: this cell cannot be read: un"),
    (a_file(GOOD.replace("topic", "x" * 140_000)), "row 2, column topic: this cell cannot be read"),
    (a_file(GOOD, LATER).replace(b"A top", b"\xff"), "row 2, column topic: this cell is not UTF-8"),
    (a_file(row(topic='"\n"'), row(topic="?")).replace(b"?", b"\xff"), "row 3, column topic: this"),
    (a_file(GOOD, header=HEADER + "?").replace(b"?", b"\xff"), "row 1, column 7: this cell is not"),
    (a_file(GOOD).decode().encode("utf-16")[:-1],  "The file ends in the middle of a character"),
    (a_file(GOOD, header=HEADER + ",,") + b",,,,,,,,x", "row 3, column 9: there are only 7 colu"),
    (a_file(GOOD + ",,x", header=HEADER + ",,"),   "row 2, column 9: there are only 7 columns."),
    (a_file(GOOD, header=f"topic,,{HEADER[:-6]}"), "row 1, column topic: it stands there twice."),
    (a_file(f"x,y,{GOOD}", header=f"status,,{HEADER.replace('status,', '')}"),
     "row 2, column 2: this column has no name in the header."),
    (semicolons(GOOD).replace(b"A topic", b"A;B"), "row 2, column status: 'B' is not one of"),
    (semicolons(GOOD + ",x"),                      "row 2, column 8: there are only 7 columns."),
    (semicolons(GOOD).replace(b";topic", b""),     "row 1: the column topic is missing."),
    (semicolons(GOOD) + GOOD.encode(),             "row 3: this row is not separated by ';' as th"),
    (a_file(GOOD) + GOOD.replace(",", "\t").encode(), "row 3: this row is not separated by ',' as"),
    (semicolons(row(topic='"A ""b"" c')),          "row 2, column topic: this cell cannot be read"),
    (b"sep=;\n" + semicolons(row(topic="x" * 201)), "row 2, column topic: The topic is longer"),
    (a_file(GOOD).decode().replace("A topic", "\udc00").encode("utf-16-le", "surrogatepass"),
     "row 2, column topic: this cell is not UTF-16 text"),
]  # fmt: skip


def test_a_file_of_another_form_is_refused_with_its_row(session, cast):
    for content, beginning in WRONG_FILES:
        assert refusal(session, content).startswith(beginning)
