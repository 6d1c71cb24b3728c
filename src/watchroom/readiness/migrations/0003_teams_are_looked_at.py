"""From now on the engine looks what teams lack."""

from django.db import migrations

from watchroom.kernel import clock


def begin(apps, schema_editor):  # type: ignore[no-untyped-def]
    apps.get_model("readiness", "Turn").objects.get_or_create(what="look", defaults={"due_at": clock.now()})


def end(apps, schema_editor):  # type: ignore[no-untyped-def]
    apps.get_model("readiness", "Turn").objects.filter(what="look").delete()


class Migration(migrations.Migration):
    dependencies = [("readiness", "0002_what_teams_lack")]
    operations = [migrations.RunPython(begin, end)]
