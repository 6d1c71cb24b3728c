from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('intake', '0004_journal_rows'),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name='signal',
            name='signal_pending',
        ),
        migrations.RemoveIndex(
            model_name='signal',
            name='signal_of_integration',
        ),
        migrations.RemoveField(
            model_name='signal',
            name='processed_at',
        ),
        migrations.RemoveField(
            model_name='signal',
            name='state',
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(condition=models.Q(('refused', True)), fields=['integration', '-number'], name='signal_refused'),
        ),
        migrations.AddIndex(
            model_name='signal',
            index=models.Index(fields=['received_at'], name='signal_age'),
        ),
        migrations.AddConstraint(
            model_name='signal',
            constraint=models.UniqueConstraint(fields=('integration', 'number'), name='one_signal_per_number'),
        ),
    ]
