"""Names of files, from URLs that nobody has checked."""

import os
import re
import unicodedata
from urllib.parse import unquote

URL = re.compile(r"https?://([^/?#]*@)?(?P<host>[^/?#]*)(?P<path>[^?#]*)", re.IGNORECASE)


def file_name(url: str) -> str:
    """Return the last name in the path of `url` as every system can keep it, whatever the URL says."""
    parts = URL.match(str(url))
    path = unquote(parts["path"]) if parts else ""
    name = re.sub(r'[\x00-\x1f\x7f\ud800-\udfff<>:"|?*\\]', "_", path.rstrip("/").rpartition("/")[2])
    stem, ending = os.path.splitext(unicodedata.normalize("NFC", name).strip(". "))
    ending = ending if len(ending) < 12 else ""
    name = stem.encode()[:80].decode(errors="ignore").strip(". ") + ending or "download"
    reserved = re.match(r"(con|prn|aux|nul|(com|lpt)[\d¹²³]|con(in|out)\$)\s*(\.|$)", name, re.IGNORECASE)
    return f"_{name}" if reserved else name


def different(names: list[str]) -> list[str]:
    """Return `names` so that no two are equal, on Windows and macOS either: the second is `name (2)`."""
    new_names: dict[str, str] = {}  # keys: equal is what Windows and macOS hold for equal
    for name in names:
        (stem, ending), new, place = os.path.splitext(name), name, 2
        while new.casefold() in new_names:
            new, place = f"{stem} ({place}){ending}", place + 1
        new_names[new.casefold()] = new
    return list(new_names.values())
