"""A planned version can be withdrawn: the row stays, the tariff goes on without it."""


from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tariffs', '0002_no_overlapping_versions'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='tariffversion',
            name='tariff_one_open_version',
        ),
        migrations.AddField(
            model_name='historicaltariffversion',
            name='withdrawal_reason',
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name='historicaltariffversion',
            name='withdrawn_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='tariffversion',
            name='withdrawal_reason',
            field=models.CharField(blank=True, editable=False, max_length=500),
        ),
        migrations.AddField(
            model_name='tariffversion',
            name='withdrawn_at',
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddConstraint(
            model_name='tariffversion',
            constraint=models.UniqueConstraint(condition=models.Q(('active_to', None), ('withdrawn_at', None)), fields=('tariff',), name='tariff_one_open_version'),
        ),
        migrations.AddConstraint(
            model_name='tariffversion',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('withdrawal_reason', ''), ('withdrawn_at', None)), models.Q(('withdrawn_at__lt', models.F('active_from')), models.Q(('withdrawal_reason', ''), _negated=True)), _connector='OR'), name='tariff_version_withdrawn_before_it_begins'),
        ),
    ]
