from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("generation", "0004_ornaments")]

    operations = [
        migrations.AlterField(
            model_name="agent",
            name="steps",
            field=models.PositiveSmallIntegerField(default=12),
        ),
    ]
