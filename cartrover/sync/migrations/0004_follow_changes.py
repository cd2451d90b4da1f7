from django.db import migrations

# Warehouses that were live before this step was there have nothing else that would begin it.
BEGIN = """
INSERT INTO sync_stream (merchant_id, connection_id, kind, cursor, due_at, lease_token, running, wakes, failures, crashes,
    last_error, last_note)
SELECT merchant_id, connection_id, 'pull_changes', '{}', now(), 0, false, 0, 0, 0, '', ''
FROM sync_stream WHERE kind = 'deliver_orders' AND due_at IS NOT NULL
ON CONFLICT DO NOTHING
"""


class Migration(migrations.Migration):
    dependencies = [("sync", "0003_rehearsed")]

    operations = [migrations.RunSQL(BEGIN, migrations.RunSQL.noop)]
