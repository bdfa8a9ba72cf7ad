from django.apps import AppConfig, apps


class AuditConfig(AppConfig):
    name = "apps.audit"
    verbose_name = "Audit trail"

    def ready(self) -> None:
        from apps.audit import guards, logins, relations
        from apps.audit.models import AuditedModel, Entry, Seal, SealedEntry
        from apps.audit.story import tell_story
        from apps.core.job_names import name_jobs
        from apps.core.stories import register_storyteller
        from apps.core.triggers import append_only

        name_jobs(
            {
                "apps.audit.tasks.seal_audit_entries": "Sealing of the audit trail",
                "audit.seal": "Sealing of the audit trail",
            }
        )

        register_storyteller(tell_story)
        for kept in (Entry, Seal, SealedEntry):
            append_only(kept._meta.db_table)
        for model in apps.get_models():
            if issubclass(model, AuditedModel):
                append_only(model.history.model._meta.db_table)
        guards.connect()
        logins.connect()
        relations.connect()
