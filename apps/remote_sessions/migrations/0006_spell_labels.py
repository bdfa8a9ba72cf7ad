from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('remote_sessions', '0005_captures_left_to_staff'),
    ]

    operations = [
        migrations.AlterField(
            model_name='historicalremotesession',
            name='cdr_matched_by',
            field=models.CharField(blank=True, choices=[('', '–'), ('AUTHORIZATION_REFERENCE', 'Authorization reference'), ('SESSION_ID', 'Session id'), ('CDR_ID', 'CDR id'), ('TOKEN_EVSE_TIME', 'Token, EVSE and time'), ('STAFF', 'By staff')], max_length=25, verbose_name='CDR matched by'),
        ),
        migrations.AlterField(
            model_name='historicalremotesession',
            name='reason',
            field=models.CharField(blank=True, choices=[('', '–'), ('NO_ACTIVE_SESSION_RECEIVED', 'No active session received'), ('CANCELLED_BY_DRIVER', 'Cancelled by the driver'), ('CANCELLED_BY_STAFF', 'Cancelled by staff'), ('START_REFUSED', 'The operator refused the start'), ('OPERATOR_UNREACHABLE', 'The operator could not be reached'), ('PREAUTH_FAILED', 'The pre-authorization failed'), ('SESSION_INVALID', 'The operator called the session invalid'), ('STOP_NOT_CONFIRMED', 'No completed session after the stop'), ('TOO_LONG_OPEN', 'Open for too long')], default='', max_length=30),
        ),
        migrations.AlterField(
            model_name='historicalremotesession',
            name='session_matched_by',
            field=models.CharField(blank=True, choices=[('', '–'), ('AUTHORIZATION_REFERENCE', 'Authorization reference'), ('SESSION_ID', 'Session id'), ('CDR_ID', 'CDR id'), ('TOKEN_EVSE_TIME', 'Token, EVSE and time'), ('STAFF', 'By staff')], max_length=25),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='cdr_matched_by',
            field=models.CharField(blank=True, choices=[('', '–'), ('AUTHORIZATION_REFERENCE', 'Authorization reference'), ('SESSION_ID', 'Session id'), ('CDR_ID', 'CDR id'), ('TOKEN_EVSE_TIME', 'Token, EVSE and time'), ('STAFF', 'By staff')], max_length=25, verbose_name='CDR matched by'),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='reason',
            field=models.CharField(blank=True, choices=[('', '–'), ('NO_ACTIVE_SESSION_RECEIVED', 'No active session received'), ('CANCELLED_BY_DRIVER', 'Cancelled by the driver'), ('CANCELLED_BY_STAFF', 'Cancelled by staff'), ('START_REFUSED', 'The operator refused the start'), ('OPERATOR_UNREACHABLE', 'The operator could not be reached'), ('PREAUTH_FAILED', 'The pre-authorization failed'), ('SESSION_INVALID', 'The operator called the session invalid'), ('STOP_NOT_CONFIRMED', 'No completed session after the stop'), ('TOO_LONG_OPEN', 'Open for too long')], default='', max_length=30),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='session_matched_by',
            field=models.CharField(blank=True, choices=[('', '–'), ('AUTHORIZATION_REFERENCE', 'Authorization reference'), ('SESSION_ID', 'Session id'), ('CDR_ID', 'CDR id'), ('TOKEN_EVSE_TIME', 'Token, EVSE and time'), ('STAFF', 'By staff')], max_length=25),
        ),
        migrations.AlterField(
            model_name='historicalremotesession',
            name='operator_authorization_reference',
            field=models.TextField(blank=True, verbose_name="operator's reference"),
        ),
        migrations.AlterField(
            model_name='historicalremotesession',
            name='operator_session_id',
            field=models.CharField(blank=True, help_text="The session's id as given back by the other side.", max_length=100, verbose_name="operator's session id"),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='operator_authorization_reference',
            field=models.CharField(blank=True, help_text='As given back, when a hub replaced ours.', max_length=64, verbose_name="operator's reference"),
        ),
        migrations.AlterField(
            model_name='remotesession',
            name='operator_session_id',
            field=models.CharField(blank=True, help_text="The session's id as given back by the other side.", max_length=100, verbose_name="operator's session id"),
        ),
    ]
