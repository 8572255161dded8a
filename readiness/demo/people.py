"""The people of the demo company. Their passwords are random, made once and kept in one file that only its owner reads."""

import json
import os
import secrets
from dataclasses import asdict, dataclass
from pathlib import Path

from accounts.models import Membership, Role, Team, User

TEAMS = ("Support", "Vision", "Mobile")


@dataclass(frozen=True)
class DemoPerson:
    email: str
    name: str
    role: str
    teams: tuple[str, ...] = ()


PEOPLE = (
    DemoPerson("claire@demo.example", "Claire Dubois", Role.EXECUTIVE),
    DemoPerson("marc@demo.example", "Marc Leroy", Role.CONTRIBUTOR, ("Support", "Mobile")),
    DemoPerson("ines@demo.example", "Inès Moreau", Role.CONTRIBUTOR, ("Vision",)),
    DemoPerson("sam@demo.example", "Sam Okafor", Role.REVIEWER),
    DemoPerson("tomas@demo.example", "Tomas Novak", Role.OPERATOR, ("Support",)),
    DemoPerson("ada@demo.example", "Ada Martin", Role.ADMINISTRATOR),
)


def load_people(passwords_file: Path) -> dict[str, User]:
    """Make the teams and people that are missing; everybody by e-mail. Writes the passwords of new people to the file."""
    passwords = _read(passwords_file)
    teams = {name: Team.objects.get_or_create(name=name, defaults={"is_demo": True})[0] for name in TEAMS}
    people: dict[str, User] = {}
    for person in PEOPLE:
        user = User.objects.filter(email=person.email).first()
        if user is None or person.email not in passwords:
            passwords[person.email] = secrets.token_urlsafe(9)
            user = user or User(email=person.email, name=person.name, role=person.role, is_demo=True)
            user.set_password(passwords[person.email])
            user.save()
        for name in person.teams:
            Membership.objects.get_or_create(team=teams[name], user=user)
        people[person.email] = user
    _write(passwords_file, passwords)
    return people


def _read(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    return {entry["email"]: entry["password"] for entry in json.loads(path.read_text())}


def _write(path: Path, passwords: dict[str, str]) -> None:
    entries = [{**asdict(person), "password": passwords[person.email]} for person in PEOPLE]
    text = json.dumps(entries, ensure_ascii=False, indent=1)
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
