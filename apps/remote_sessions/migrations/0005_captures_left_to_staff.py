from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('remote_sessions', '0004_credit_cdr'),
    ]

    operations = [
        migrations.AlterModelOptions(
            name='remotesession',
            options={'permissions': [('start_remotesession', 'Can start a charge'), ('stop_remotesession', 'Can stop a charge or mark it as gone wrong'), ('attach_remotesession', 'Can attach a CDR by hand'), ('settle_remotesession', 'Can settle or close what waits for staff')]},
        ),
        migrations.AlterField(
            model_name='historicalremotesession',
            name='settlement',
            field=models.CharField(choices=[('NOT_DUE', 'Not due'), ('WAITING', 'Waiting'), ('STUCK', 'Waits for staff'), ('DONE', 'Handed to the payment'), ('CLOSED', 'Closed by staff, nothing captured')], default='NOT_DUE', help_text='Whether what the driver pays was handed to the payment.', max_length=10),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='settlement',
            field=models.CharField(choices=[('NOT_DUE', 'Not due'), ('WAITING', 'Waiting'), ('STUCK', 'Waits for staff'), ('DONE', 'Handed to the payment'), ('CLOSED', 'Closed by staff, nothing captured')], default='NOT_DUE', help_text='Whether what the driver pays was handed to the payment.', max_length=10),
        ),
        migrations.AddIndex(
            model_name='remotesession',
            index=models.Index(condition=models.Q(('settlement', 'STUCK')), fields=['id'], name='remote_session_stuck'),
        ),
    ]
