"""Services for development and tests alone, by their profiles, their names or their images: no release is of them."""

from __future__ import annotations

import re
from functools import cache

from runbook_lib.adopting.kinds import is_database, kind_of
from runbook_lib.adopting.project import FoundProject, FoundService
from runbook_lib.platform.facts.replaced_release import repository_of

_PROFILES = re.compile(r"dev|devel|development|tests?|testing|e2e|ci|debug|lint", re.I)
_PROGRAMS = (r"playwright|cypress|selenium|pytest|phpunit|rspec|jest|mailcatcher|mailhog|mailpit|maildev|smtp4dev|"
             r"wiremock|localstack|storybook|browser-?sync|adminer|phpmyadmin|pgadmin4?|pgweb|dozzle")
_WORDS = r"dev|development|tests?|tester|e2e|end-?to-?end|lint(?:er)?"
# as whole words of a name: `test-runner`, `app_tests`, `web-dev`; contest is none, nor is `laravel.test`, as Laravel's
# own Compose file calls the application
_NAMED = re.compile(rf"(?:^|[-_])(?:{_WORDS}|{_PROGRAMS})(?:$|[-_])", re.I)
# what makes the page's files, and goes on to make them while they are being written
_NAMED_ALONE = re.compile(r"css|js|vite|webpack|esbuild|tailwind(?:css)?|watch(?:er)?", re.I)
# an image's folder may be called after whoever built it
_IMAGES = re.compile(rf"(?:^|[-_./])(?:{_PROGRAMS})(?:$|[-_./])", re.I)


def is_for_development(one: FoundService) -> bool:
    """Whether users seem not to need it: a test runner, a catcher of mail, what is in profiles such as dev."""
    return _is_called_so(one.name, one.image, tuple(one.profiles))


@cache
def _is_called_so(name: str, image: str, profiles: tuple[str, ...]) -> bool:
    if profiles and all(_PROFILES.fullmatch(profile) for profile in profiles):
        return True
    return bool(_NAMED.search(name) or _NAMED_ALONE.fullmatch(name) or _IMAGES.search(repository_of(image)))


def for_development(project: FoundProject) -> tuple[str, ...]:
    """The names of such services: of none that others need while they run, and not of the one database.

    None where no service of the project's own is left: then the names say where they run.
    """
    found = {name for name, one in project.services.items() if is_for_development(one)}
    others = [one for one in project.services.values() if one.name not in found]
    kept = {need for one in others for need in one.needs}
    kept |= {one.name for one in project.services.values() if is_database(one)} if not any(
        is_database(one) for one in others) else set()
    left = any(kind_of(one) is None and not one.runs_once for one in others)
    return tuple(name for name in project.services if name in found - kept and (left or kind_of(
        project.services[name]) is not None))
