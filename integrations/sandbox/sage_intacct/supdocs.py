"""Functions of the gateway for files: create_supdoc, update_supdoc, delete_supdoc, create_supdocfolder, get_list."""

from collections.abc import Callable
from xml.etree.ElementTree import Element

from integrations.sandbox.books.store import Record
from integrations.sandbox.sage_intacct import errors, forms, saving
from integrations.sandbox.sage_intacct.books import Books
from integrations.sandbox.sage_intacct.desk import Desk, Result
from integrations.sandbox.sage_intacct.envelopes import child, every, leaf, leaves, node, text
from integrations.sandbox.sage_intacct.kinds import BY_PATH
from integrations.sandbox.wire import Body

_FILE = BY_PATH["company-config/attachment"]
_FOLDER = BY_PATH["company-config/folder"]


def create_folder(desk: Desk, body: Element) -> Result:
    """A folder; its key is its name. Raises SageError."""
    name = text(body, "supdocfoldername")
    if not name:
        raise errors.business("Required field supdocfoldername is missing.", "BL01001974")
    description = text(body, "supdocfolderdescription") or None
    saved = saving.save(desk.books, _FOLDER, {"id": name, "description": description})
    return Result(leaf("key", desk.books.natural(_FOLDER, saved)))


def create(desk: Desk, body: Element) -> Result:
    """An attachment with its files; its key is its id. Raises SageError."""
    for needed in ("supdocname", "supdocfoldername"):
        if not text(body, needed):
            raise errors.business(f"Required field {needed} is missing.", "BL01001974")
    saved = saving.save(desk.books, _FILE, _given(body))
    return Result(leaf("key", desk.books.natural(_FILE, saved)))


def update(desk: Desk, body: Element) -> Result:
    """More files, or another name. Raises SageError."""
    record = _named(desk.books, body.get("key") or text(body, "supdocid"))
    given = {name: value for name, value in _given(body).items() if name != "id"}
    saved = saving.save(desk.books, _FILE, given, record)
    return Result(leaf("key", desk.books.natural(_FILE, saved)))


def delete(desk: Desk, body: Element) -> Result:
    """An attachment. Raises SageError."""
    saving.delete(desk.books, _FILE, _named(desk.books, body.get("key") or ""))
    return Result()


def _named(books: Books, code: str) -> Record:
    record = books.named(_FILE, code)
    if record is None:
        raise errors.invalid_reference(_FILE.label, code)
    return record


def _given(body: Element) -> Body:
    """The REST attachment; a file's name and type are one name there."""
    given: Body = {}
    for name, element in (("id", "supdocid"), ("name", "supdocname"), ("description", "supdocdescription")):
        if text(body, element):
            given[name] = text(body, element)
    if text(body, "supdocfoldername"):
        given["folder"] = {"id": text(body, "supdocfoldername")}
    files = [{"name": _file_name(each), "data": "".join(text(each, "attachmentdata").split())}
             for each in every(child(body, "attachments"), "attachment")]  # fmt: skip
    return {**given, "files": files} if files else given


def _file_name(attachment: Element) -> str:
    name, kind = text(attachment, "attachmentname"), text(attachment, "attachmenttype").removeprefix(".")
    return f"{name}.{kind}" if kind else name


def get_list(desk: Desk, body: Element) -> Result:
    """Attachments or folders, all or those that a filter's expression names. Raises SageError."""
    name = str(body.get("object"))
    if name not in ("supdoc", "supdocfolder"):
        raise errors.business(f"get_list is not available for {name} here; use query.", number="DL02000001")
    obj, show = (_FILE, _attachment) if name == "supdoc" else (_FOLDER, _folder)
    expression = child(body, "filter", "expression")
    wanted, value = text(expression, "field"), text(expression, "value")
    rows = [show(forms.show(desk.books, obj, each)) for each in desk.books.live(obj)]
    rows = [row for row in rows if not wanted or row.get(wanted) == value]
    found = [node(name, *(leaf(key, each) if key != "attachments" else str(each) for key, each in row.items()))
             for row in rows]  # fmt: skip
    return Result(node("data", *found, listtype=name, start=0, end=max(0, len(found) - 1), total=len(found)))


def _folder(shown: Body) -> Body:
    return {"recordno": shown["key"], "name": shown["id"], "supdocfoldername": shown["id"],
            "description": shown.get("description"), "parentfolder": ""}  # fmt: skip


def _attachment(shown: Body) -> Body:
    files = []
    for each in shown["files"]:
        name, _, kind = str(each["name"]).rpartition(".")
        files.append(node("attachment", leaves({"attachmentname": name or kind, "attachmenttype": kind if name else "",
                                                "attachmentdata": each["data"]})))  # fmt: skip
    return {"recordno": shown["key"], "supdocid": shown["id"], "supdocname": shown["name"],
            "folder": shown["folder"]["id"], "description": shown.get("description"),
            "attachments": node("attachments", *files)}  # fmt: skip


FUNCTIONS: dict[str, Callable[[Desk, Element], Result]] = {
    "create_supdoc": create, "update_supdoc": update, "delete_supdoc": delete, "create_supdocfolder": create_folder,
    "get_list": get_list,
}  # fmt: skip
"""Name → function."""
