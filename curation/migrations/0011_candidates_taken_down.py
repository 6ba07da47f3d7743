from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("curation", "0010_passkeys")]

    operations = [
        migrations.AddIndex(
            model_name="candidate",
            index=models.Index(
                name="candidate_gone",
                fields=["digest"],
                condition=models.Q(status__in=["hidden", "disqualified"]),
            ),
        ),
    ]
