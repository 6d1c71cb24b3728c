"""Signals get numbers within their integration and, on SQLite, move into the journal's own file."""

from django.db import connections, migrations

_COLUMNS = "id, integration_id, received_at, path, query, content_type, body, remote, state, problems, processed_at"
_BATCH = 500


def take_over(apps, schema_editor):
    """SQLite: copy what lies in the default database. It is migrated first, and keeps its rows until they are here."""
    journal, default = schema_editor.connection, connections["default"]
    if journal.alias == default.alias or "intake_signal" not in default.introspection.table_names():
        return
    marks = ", ".join(["%s"] * (_COLUMNS.count(",") + 1))
    with default.cursor() as old, journal.cursor() as new:
        old.execute(f"SELECT {_COLUMNS} FROM intake_signal ORDER BY id")
        while rows := old.fetchmany(_BATCH):
            new.executemany(
                f"INSERT INTO intake_signal ({_COLUMNS}, number, headers, refused) VALUES ({marks}, 0, '{{}}', 0)", rows
            )


def give_numbers(apps, schema_editor):
    journal, default = schema_editor.connection, connections["default"]
    with journal.cursor() as cursor:
        # What waits comes last, so that one number tells how far has been read.
        cursor.execute(
            "UPDATE intake_signal SET refused = (state = 'rejected'), number = o.n FROM (SELECT id, row_number() OVER "
            "(PARTITION BY integration_id ORDER BY state = 'pending', id) AS n FROM intake_signal) AS o "
            "WHERE o.id = intake_signal.id"
        )
        cursor.execute(
            "SELECT integration_id, count(*), sum(CASE WHEN state = 'pending' THEN 0 ELSE 1 END) FROM intake_signal "
            "GROUP BY integration_id"
        )
        counted = {pk: (stored, read) for pk, stored, read in cursor.fetchall()}
    with default.cursor() as cursor:
        if "intake_integration" not in default.introspection.table_names():
            return
        cursor.execute("SELECT id FROM intake_integration")
        known = [pk for (pk,) in cursor.fetchall()]
        cursor.executemany(
            "UPDATE intake_integration SET read_to = %s WHERE id = %s",
            [(counted[pk][1], pk) for pk in known if pk in counted],
        )
    with journal.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO intake_inbox (integration_id, stored) VALUES (%s, %s)",
            [(pk, counted.get(pk, (0, 0))[0]) for pk in known],
        )


def drop_the_old(apps, schema_editor):
    default = connections["default"]
    if schema_editor.connection.alias != default.alias:
        with default.cursor() as cursor:
            cursor.execute("DROP TABLE IF EXISTS intake_signal")


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0003_journal'),
    ]

    operations = [
        migrations.RunPython(step, migrations.RunPython.noop, hints={"journal": True})
        for step in (take_over, give_numbers, drop_the_old)
    ]
