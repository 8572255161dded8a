"""The columns of an assessment as a file: keys that never change, with headings in the reader's language."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

# As long as pages let them be.
LONGEST_NOTE = 4000
LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Column:
    """`width` is in characters; `is_answer` marks what people fill in."""

    key: str
    heading: str | Promise
    width: int = 12
    is_answer: bool = False


LEVEL = Column("level", _("Declared level (0–4)"), is_answer=True)
REASON = Column("not_applicable_reason", _("Why it does not apply"), 30, is_answer=True)
UNTIL = Column("not_applicable_until", _("Does not apply until"), 14, is_answer=True)
NOTE = Column("note", _("Note"), 40, is_answer=True)
PRACTICE = Column("practice", _("Key of the practice"))
BANK_VERSION = Column("bank_version", _("Version of the question bank"))
ASSESSMENT = Column("assessment", _("Number of the assessment"))
VERSION = Column("version", _("Version of the answer"))

ANSWERS = (LEVEL, REASON, UNTIL, NOTE)
ASKED = (
    PRACTICE,
    Column("rule", _("Number of the rule")),
    Column("title", _("Title of the practice"), 30),
    Column("question", _("Question"), 50),
)
STATEMENTS = (
    Column("level_0", _("Level 0 is"), 30),
    Column("level_1", _("Level 1 is"), 30),
    Column("level_2", _("Level 2 is"), 30),
    Column("level_3", _("Level 3 is"), 30),
    Column("level_4", _("Level 4 is"), 30),
)
ORIGIN = (ASSESSMENT, BANK_VERSION, VERSION)
SCORES = (
    Column("not_applicable_approved_by", _("Accepted as not applicable by"), 20),
    Column("verified", _("Verified level")),
    Column("measured", _("Measured level")),
    Column("measurement", _("What measurements say")),
    Column("evidence_class", _("Class of the evidence")),
    Column("evidence", _("Pieces of evidence"), 20),
    Column("answered_by", _("Answered by"), 20),
    Column("answered_at", _("Answered at (UTC)"), 26),
    Column("rule_level", _("Level of the rule")),
    Column("rule_index", _("Index of the rule (0–100)")),
    Column("rule_declared_index", _("Declared index of the rule (0–100)")),
    Column("overall_level", _("Overall level")),
    Column("overall_index", _("Overall index (0–100)")),
    Column("overall_declared_index", _("Overall declared index (0–100)")),
    Column("team", _("Team"), 20),
    Column("as_of", _("Scores as of (UTC)"), 26),
)
EXPORT = (*ASKED, *ANSWERS, *SCORES, *ORIGIN)
TEMPLATE = (*ASKED, *STATEMENTS, *ANSWERS, *ORIGIN)
# What an import takes in; the other columns are for people.
READ = (PRACTICE, *ANSWERS, *ORIGIN)
KNOWN = tuple({column.key: column for column in (*EXPORT, *TEMPLATE)}.values())

# The second sheet of a workbook, a row for each piece.
PIECES = (
    PRACTICE,
    Column("title", _("What it shows"), 40),
    Column("dated_on", _("Date of the evidence"), 14),
    Column("valid_until", _("Valid until"), 14),
    Column("url", _("Link"), 40),
    Column("file_name", _("File"), 30),
    Column("sha256", _("SHA-256 of the file"), 66),
    Column("is_reviewed", _("Reviewed")),
)
