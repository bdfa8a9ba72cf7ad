from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('roaming', '0012_longer_location_ids'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='waitingcdr',
            options={'permissions': [('set_aside_waitingcdr', "Can set aside CDRs that can't be received")], 'verbose_name': 'waiting CDR'},
        ),
        migrations.AddField(
            model_name='keptobject',
            name='given_address',
            field=models.UUIDField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name='waitingcdr',
            name='set_aside_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='waitingcdr',
            name='set_aside_reason',
            field=models.TextField(blank=True, verbose_name='set aside because'),
        ),
        migrations.AddIndex(
            model_name='keptobject',
            index=models.Index(condition=models.Q(('given_address__isnull', False)), fields=['given_address'], name='kept_object_by_address'),
        ),
    ]
