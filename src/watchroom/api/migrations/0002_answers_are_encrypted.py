"""Answers may hold secrets that are shown once. Those that were kept in plain text, for a day at most, are forgotten."""

from django.db import migrations

import watchroom.kernel.fields


def forget(apps, schema_editor):
    apps.get_model("api", "IdempotencyKey").objects.all().delete()


class Migration(migrations.Migration):
    atomic = True

    dependencies = [
        ("api", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(forget, forget),
        migrations.AlterField(
            model_name="idempotencykey",
            name="body",
            field=watchroom.kernel.fields.EncryptedJSON(null=True),
        ),
    ]
