from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0003_beliefs")]

    operations = [
        migrations.AlterField(
            model_name="primitive",
            name="kind",
            field=models.CharField(
                choices=[
                    ("motif", "Motif"),
                    ("colour", "Colour"),
                    ("palette", "Palette"),
                    ("frame", "Frame"),
                    ("pattern", "Pattern"),
                    ("style", "Style"),
                    ("ornament", "Ornament"),
                ],
                max_length=16,
            ),
        ),
    ]
