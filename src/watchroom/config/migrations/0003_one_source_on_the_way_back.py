from django.db import migrations


def only_what_has_no_name(apps, schema_editor):
    """Before there were sources, a thing had been said once."""
    apps.get_model("config", "Said").objects.exclude(source="").delete()


class Migration(migrations.Migration):

    dependencies = [
        ('config', '0002_said_by_source'),
    ]

    operations = [
        migrations.RunPython(migrations.RunPython.noop, only_what_has_no_name),
    ]
