"""The address with which somebody signs in is the one that stands at the person. Others were noted down by people themselves, on a
page that is gone: they kept their owners from coming in."""

from typing import Any

from django.db import migrations
from django.db.models import F
from django.db.models.functions import Lower


def forget_others(apps: Any, schema_editor: Any) -> None:
    rows = apps.get_model("account", "EmailAddress").objects.using(schema_editor.connection.alias)
    rows.alias(theirs=Lower("email"), persons=Lower("user__email")).exclude(theirs=F("persons")).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_pushed_people"), ("account", "0009_emailaddress_unique_primary_email")]

    operations = [migrations.RunPython(forget_others, migrations.RunPython.noop)]
