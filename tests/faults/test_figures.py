"""The page of the proof: a line for each programme and database, with what its tests and its controls reached."""

from tests.faults.figures import Figure, page, rows


def test_what_tests_and_controls_reached_of_one_programme_is_one_line():
    told = [
        Figure("Kills", "SQLite", control="7 of 9 lost"),
        Figure("Kills", "SQLite", "0 of 9 lost"),
        Figure("Kills", "SQLite", "0 half there", "as above"),
        Figure("Kills", "PostgreSQL", "0 of 8 lost"),
    ]

    assert rows(told) == [
        Figure("Kills", "PostgreSQL", "0 of 8 lost", ""),
        Figure("Kills", "SQLite", "0 half there; 0 of 9 lost", "7 of 9 lost; as above"),
    ]


def test_the_page_says_when_and_on_what_and_how_many_failed():
    written = page([Figure("Kills", "SQLite", "0 of 9 lost", "7 of 9 lost")], 2, 90 * 60)

    assert "cores, 90 minutes, 2 tests failed." in written
    assert written.endswith("| Kills | SQLite | 0 of 9 lost | 7 of 9 lost |\n")
