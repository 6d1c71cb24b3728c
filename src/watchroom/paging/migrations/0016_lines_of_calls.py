from __future__ import annotations

import contextlib
from typing import Any

from django.db import migrations, models

from ...channels.voice import channel
from ...kernel.errors import WatchroomError


def name_lines(apps: Any, schema_editor: Any) -> None:
    """Methods that ring the same telephone are known by it, so that one call at a time goes there."""
    ContactMethod = apps.get_model("paging", "ContactMethod")
    for number in list(ContactMethod.objects.filter(channel="voice").values_list("pk", flat=True)):
        with contextlib.suppress(WatchroomError):  # the secret key has changed since: nothing can be sent by it either
            method = ContactMethod.objects.get(pk=number)
            method.handle = channel.handle(method.settings)
            method.save(update_fields=["handle"])


class Migration(migrations.Migration):
    dependencies = [
        ("paging", "0015_notification_plans"),
    ]

    operations = [
        migrations.AlterField(
            model_name="contactmethod",
            name="handle",
            field=models.CharField(
                blank=True,
                db_index=True,
                help_text="Of chats, by what an answer is known to come from it; of calls, the line.",
                max_length=200,
            ),
        ),
        migrations.RunPython(name_lines, migrations.RunPython.noop),
    ]
