from app.seed import COLUMNS, rows


def test_the_seed_is_the_same_every_time():
    assert rows(2_000) == rows(2_000)


def test_the_seed_has_as_many_rows_as_were_asked_for():
    made = rows(60_000)
    assert sum(len(table) for table in made.values()) == 60_000
    assert all(len(row) == len(COLUMNS[table]) for table, found in made.items() for row in found)


def test_new_rows_follow_those_that_are_there():
    made = rows(2_000, {"users": 5, "builds": 0, "squads": 7, "events": 9})
    assert min(row[0] for row in made["users"]) == 6
    assert made["users"][0][1] == "player00001"
    assert min(row[0] for row in made["events"]) == 10
    users, squads = {row[0] for row in made["users"]}, {row[0] for row in made["squads"]}
    assert all(row[0] in squads and row[1] in users for row in made["squad_members"])
