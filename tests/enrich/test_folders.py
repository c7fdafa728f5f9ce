"""What a folder's name means, in the owner's language and in the log's spellings."""

from __future__ import annotations

import pytest

from toolkit.enrich.folders import meaning


@pytest.mark.parametrize(
    ("path", "folder", "risk"),
    [
        ("RSS Feeds", "rss", "high"),
        ("user@x:\\RSS-Feeds", "rss", "high"),
        ("RSS-Abonnements", "rss", "high"),
        ("rss_feeds", "rss", "high"),
        ("adele@contoso.com:\\Posteingang\\RSS-Feeds", "rss", "high"),
        ("Conversation History", "conversationhistory", "high"),
        ("\\Deleted Items", "deleteditems", "high"),
        ("Gelöschte Elemente", "deleteditems", "high"),
        ("GELÖSCHTE ELEMENTE", "deleteditems", "high"),
        ("Gelo\u0308schte Elemente", "deleteditems", "high"),
        ("Éléments supprimés", "deleteditems", "high"),
        ("削除済みアイテム", "deleteditems", "high"),
        (":\\Archive\\Projects", "archive", "medium"),
        ("Archiv", "archive", "medium"),
        ("Inbox/Archive", "archive", "medium"),
        ("Inbox", "inbox", "none"),
        ("Входящие", "inbox", "none"),
        (".", "unnamed", "high"),
        ("adele@contoso.com:\\Inbox\\..", "unnamed", "high"),
        ("-- --", "unnamed", "high"),
        ("a", "unnamed", "high"),
    ],
)
def test_a_folder_is_known_by_any_of_its_names(path: str, folder: str, risk: str) -> None:
    assert meaning(path) == (folder, risk)


@pytest.mark.parametrize("path", ["Newsletter", "adele@contoso.com:\\Customers\\Fabrikam", "Build reports", "", "\\"])
def test_an_own_folder_hides_nothing(path: str) -> None:
    assert meaning(path) == ("", "none")
