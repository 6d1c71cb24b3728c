"""What incidents did to components, and what people say of them, as spans: the bars are made of them from now on."""

from django.db import migrations
from django.utils import timezone


def fill(apps, schema_editor):
    Impact = apps.get_model("status", "ComponentImpact")
    Component = apps.get_model("status", "Component")
    Span = apps.get_model("status", "ComponentSpan")
    rows = Impact.objects.select_related("public_incident").iterator()
    Span.objects.bulk_create(
        (
            Span(
                component_id=row.component_id,
                cause="incident",
                subject=row.public_incident_id,
                state=row.state,
                started_at=row.public_incident.opened_at,
                ended_at=row.public_incident.resolved_at,
            )
            for row in rows
            if row.public_incident.resolved_at is None or row.public_incident.resolved_at > row.public_incident.opened_at
        ),
        batch_size=500,
    )
    now = timezone.now()
    Span.objects.bulk_create(
        Span(component_id=row.pk, cause="people", subject=0, state=row.asserted, started_at=now)
        for row in Component.objects.exclude(asserted="operational")
    )


class Migration(migrations.Migration):
    dependencies = [("status", "0002_groups_spans_maintenance_and_telling")]
    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
