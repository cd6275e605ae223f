"""Names of members: which of them leave the folder that they are unpacked into."""

import posixpath

_ODD = set("\\\0\r\n")


def escapes(name: str) -> bool:
    r"""Whether a file of this name would land outside the folder.

    >>> escapes("a/b.txt"), escapes("a/../../b"), escapes("/etc/passwd"), escapes("C:\\\\x")
    (False, True, True, True)
    """
    if name.startswith("/") or _ODD & set(name) or name[1:2] == ":":
        return True
    return ".." in name.split("/") and posixpath.normpath(name).startswith("..")


def link_escapes(name: str, target: str) -> bool:
    """Whether a link called `name` leads outside the folder.

    >>> link_escapes("a/b", "../c"), link_escapes("a/b", "../../c")
    (False, True)
    """
    if target.startswith("/") or _ODD & set(target) or target[1:2] == ":":
        return True
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target)).startswith("..")
