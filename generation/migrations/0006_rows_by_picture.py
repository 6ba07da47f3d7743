"""Preference rows are found by a picture: on each takedown, and for a ballot's receipt."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0005_steps")]

    operations = [
        migrations.AddIndex(
            model_name="preferencerow",
            index=models.Index(fields=["chosen"], name="preference_row_chosen"),
        ),
        migrations.AddIndex(
            model_name="preferencerow",
            index=models.Index(fields=["rejected"], name="preference_row_rejected"),
        ),
    ]
