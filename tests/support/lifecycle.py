"""The outcome of every action in every state and time, as tables from the specification."""

from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
END = START + timedelta(hours=1)
TICK = timedelta(microseconds=1)

TIMES = {
    "before": START - TICK,
    "at the start": START,
    "inside": END - TICK,
    "at the end": END,
    "after": END + timedelta(days=400),
}

# One letter for each of TIMES. A: applies. =: holds already. x: refused.
# d: refused, and the clock's delay comes first. c: refused, and its completion comes first.
MANUAL = """
status     delayed  arrived  start  arrive  complete  cancel
SCHEDULED  no       no       AAAdd  xdddd   xdddd     Adddd
SCHEDULED  no       yes      AAAdd  xdddd   xdddd     Adddd
SCHEDULED  yes      no       AAAdd  xdddd   xdddd     Adddd
SCHEDULED  yes      yes      AAAdd  xdddd   xdddd     Adddd
ONGOING    no       no       =====  xxxcc   AAAAA     xxxcc
ONGOING    no       yes      =====  xxxcc   AAAAA     xxxcc
ONGOING    yes      no       xxxxx  AAAAA   AAAAA     xxxxx
ONGOING    yes      yes      xxxxx  =====   AAAAA     xxxxx
COMPLETED  no       no       xxxxx  xxxxx   =====     xxxxx
COMPLETED  no       yes      xxxxx  xxxxx   =====     xxxxx
COMPLETED  yes      no       xxxxx  xxxxx   =====     xxxxx
COMPLETED  yes      yes      xxxxx  xxxxx   =====     xxxxx
CANCELLED  no       no       xxxxx  xxxxx   xxxxx     =====
CANCELLED  no       yes      xxxxx  xxxxx   xxxxx     =====
CANCELLED  yes      no       xxxxx  xxxxx   xxxxx     =====
CANCELLED  yes      yes      xxxxx  xxxxx   xxxxx     =====
"""

# One letter for each of TIMES. A: the clock applies it. -: it does not.
BY_THE_CLOCK = """
status     delayed  delay  auto-complete
SCHEDULED  no       -AAAA  -----
SCHEDULED  yes      -AAAA  -----
ONGOING    no       -----  ---AA
ONGOING    yes      -----  -----
COMPLETED  no       -----  -----
COMPLETED  yes      -----  -----
CANCELLED  no       -----  -----
CANCELLED  yes      -----  -----
"""

WHO = """
action         clock  mentor  student  admin
delay          yes    no      no       no
auto-complete  yes    no      no       no
start          no     yes     no       yes
arrive         no     yes     no       yes
complete       no     yes     yes      yes
cancel         no     yes     yes      yes
undo           no     yes     yes      yes
correct        no     no      no       yes
"""

# What an admin can correct a session to, one letter for each of TIMES as in MANUAL.
CORRECT = """
status     delayed  SCHEDULED  ONGOING  ONGOING-delayed  COMPLETED  COMPLETED-delayed
SCHEDULED  no       =====      xxxxx    xxxxx            xxxxx      xxxxx
ONGOING    no       Axxxx      =====    xAAAA            xAAAA      xAAAA
ONGOING    yes      Axxxx      AAAxx    =====            xAAAA      xAAAA
COMPLETED  no       Axxxx      AAAxx    xAAAA            =====      xAAAA
COMPLETED  yes      Axxxx      AAAxx    xAAAA            xAAAA      =====
CANCELLED  no       Axxxx      AAAxx    xAAAA            xAAAA      xAAAA
CANCELLED  yes      Axxxx      AAAxx    xAAAA            xAAAA      xAAAA
"""

# Whether the last press can be taken back. A: applies. =: it is taken back already. x: refused.
UNDO = """
press     age       by        since    undo
start     0:00      me        nothing  A
start     2:00      me        nothing  A
start     2:00+     me        nothing  x
start     0:10      me        clock    x
start     0:10      another   nothing  x
arrive    2:00      me        nothing  A
arrive    2:00+     me        nothing  x
arrive    0:10      another   nothing  x
complete  2:00      me        nothing  A
complete  2:00+     me        nothing  x
complete  0:10      another   nothing  x
cancel    0:10      me        nothing  x
correct   0:10      me        nothing  x
undo      0:10      me        nothing  =
undo      0:10      me        clock    =
undo      2:00+     me        clock    =
undo      0:10      another   clock    x
"""


def table(text: str) -> list[dict[str, str]]:
    """The rows of an aligned table, with the first line as the keys."""
    heads, *lines = (line.split() for line in text.strip().splitlines())
    return [dict(zip(heads, line, strict=True)) for line in lines]
