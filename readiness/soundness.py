"""What is wrong with a version of the question bank: sentences for its authors, none when it may be used.

Two lists beside the versions keep promises that no single version can: `keys.txt` has every key ever given to a
practice, `published.txt` the digest of every published version.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from readiness.bank import (
    CONTENT,
    LANGUAGES,
    LEVELS,
    RULES,
    Bank,
    BankError,
    Practice,
    Rule,
    SuggestedBinding,
    Text,
    release,
    versions,
)
from readiness.scoring import HIGHEST_LEVEL, Comparator, Thresholds

ROLES = ("it", "business", "board")
SOURCES = ("kpi", "workspace")
# Short words can be the same in both languages ("Infrastructure"); whole sentences were not translated.
SHORTEST_SENTENCE = 30


def check_bank(bank: Bank, directory: Path = CONTENT) -> list[str]:
    """Everything wrong with a version of the bank, as sentences for its authors; empty when it may be used."""
    return [
        *_rule_problems(bank),
        *(problem for rule in bank.rules for problem in _text_problems(rule)),
        *(problem for rule in bank.rules for each in _every(rule) for problem in _practice_problems(each)),
        *_key_problems(bank, directory / "keys.txt"),
        *_digest_problems(bank, directory),
    ]


def content_digest(version: str, directory: Path = CONTENT) -> str:
    """SHA-256 over the files of a version: what `published.txt` fixes when it is published."""
    digest = hashlib.sha256()
    for path in sorted((directory / version).glob("*.toml")):
        # A checkout on another system may have other line ends; the content is the same.
        digest.update(path.name.encode() + b"\0" + path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def _every(rule: Rule) -> tuple[Practice, ...]:
    return (*rule.practices, *rule.retired)


def _rule_problems(bank: Bank) -> Iterator[str]:
    found = tuple((rule.number, rule.key) for rule in bank.rules)
    expected = tuple(enumerate(RULES, start=1))
    if found != expected:
        yield f"{bank.version}: the rules have to be {_listed(expected)}, not {_listed(found)}."
    for rule in bank.rules:
        if not rule.gates:
            yield f"{rule.key}: a rule needs at least one gate practice."
    keys = Counter(practice.key for rule in bank.rules for practice in _every(rule))
    yield from (f"{key}: this key is used {times} times." for key, times in keys.items() if times > 1)


def _listed(rules: tuple[tuple[int, str], ...]) -> str:
    return ", ".join(f"{number} {key}" for number, key in rules) or "none"


def _practice_problems(practice: Practice) -> Iterator[str]:
    key = practice.key
    if not re.fullmatch(r"[A-Z]{2,4}[1-9]\d?", key):
        yield f"{key}: a key is two to four capitals and a number, like UC1."
    if len(practice.levels) != HIGHEST_LEVEL + 1:
        yield f"{key}: has {len(practice.levels)} levels; a practice has {HIGHEST_LEVEL + 1}, 0 to {HIGHEST_LEVEL}."
    for name in ("weight", "validity_days", "minutes"):
        if getattr(practice, name) < 1:
            yield f"{key}: {name} has to be 1 or more."
    for action in practice.actions:
        where = f"{key}, action for level {action.opens}"
        if action.opens not in LEVELS:
            yield f"{where}: an action opens a level from 1 to {HIGHEST_LEVEL}."
        ranges = (action.cost_low, action.cost_high), (action.run_cost_low, action.run_cost_high)
        if action.effort_days < 0 or not all(0 <= low <= high for low, high in ranges):
            yield f"{where}: effort and cost are not negative, and the low cost is not above the high one."
        if action.role not in ROLES:
            yield f"{where}: the role is one of {', '.join(ROLES)}, not {action.role}."
    if not practice.evidence:
        yield f"{key}: needs an example of evidence."
    if practice.binding:
        yield from _binding_problems(practice, practice.binding)


def _binding_problems(practice: Practice, binding: SuggestedBinding) -> Iterator[str]:
    where = f"{practice.key}, binding"
    if not practice.measurable:
        yield f"{where}: only a measurable practice has one."
    if binding.source not in SOURCES or not binding.figure:
        yield f"{where}: the figure is written kpi:key or workspace:key."
    try:
        Thresholds(Comparator(binding.comparator), dict(binding.thresholds))
    except ValueError as problem:
        yield f"{where}: {problem}"
    if binding.window_days < 1 or binding.minimum_samples < 1:
        yield f"{where}: window and samples are 1 or more."
    if not (0 <= binding.minimum_coverage <= 1 and 0 < binding.site_share <= 1):
        yield f"{where}: coverage and share of sites lie between 0 and 1."


def _text_problems(rule: Rule) -> Iterator[str]:
    for where, text in _texts(rule):
        for language in LANGUAGES:
            if not text.in_language(language):
                yield f"{where}: the {language} text is missing."
        if text.en == text.fr and len(text.en) >= SHORTEST_SENTENCE:
            yield f"{where}: reads the same in both languages."


def _texts(rule: Rule) -> Iterator[tuple[str, Text]]:
    for name in ("title", "promise", "why", "good"):
        yield f"{rule.key}, {name}", getattr(rule, name)
    for practice in _every(rule):
        for name in ("title", "question", "help"):
            yield f"{practice.key}, {name}", getattr(practice, name)
        for number, text in enumerate(practice.evidence, start=1):
            yield f"{practice.key}, evidence {number}", text
        for level, text in enumerate(practice.levels):
            yield f"{practice.key}, level {level}", text
        for action in practice.actions:
            yield f"{practice.key}, action for level {action.opens}", action.title


def _key_problems(bank: Bank, ledger: Path) -> Iterator[str]:
    """A key is for ever: it stays in its rule, and leaves by `retired = true`, never by being deleted."""
    given = {key: (rule, since) for key, rule, since in _lines(ledger, 3)}
    present = {practice.key: rule.key for rule in bank.rules for practice in _every(rule)}
    for key, (rule, since) in given.items():
        if release(since) > release(bank.version):
            continue
        if key not in present:
            yield f"{key}: this key is lost. Keep the practice and write retired = true."
        elif present[key] != rule:
            yield f"{key}: belongs to {rule} and cannot move to {present[key]}. Give the new practice a new key."
    for key, rule in present.items():
        if key not in given:
            yield f"{key}: is a new key. Add the line '{key} {rule} {bank.version}' to {ledger.name}."


def _digest_problems(bank: Bank, directory: Path) -> Iterator[str]:
    published = dict(_lines(directory / "published.txt", 2))
    later = [version for version in versions(directory) if release(version) > release(bank.version)]
    if bank.version not in published and later:
        line = f"{bank.version} {content_digest(bank.version, directory)}"
        yield f"{bank.version}: {later[0]} came after it, so it may not change. Add the line '{line}' to published.txt."
    if bank.version in published and published[bank.version] != content_digest(bank.version, directory):
        yield f"{bank.version}: is published and was changed. Undo that and write a new version."


def _lines(path: Path, size: int) -> Iterator[list[str]]:
    """The lines of a list, in words; blank ones and comments are skipped, a list that is not there is empty."""
    for line in path.read_text(encoding="utf-8").splitlines() if path.is_file() else ():
        words = line.partition("#")[0].split()
        if words and len(words) != size:
            raise BankError(f"{path.name}: a line has {size} words, not '{line.strip()}'.")
        if words:
            yield words
