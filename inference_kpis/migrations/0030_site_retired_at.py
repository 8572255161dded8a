from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0029_screen_links"),)
    operations = (
        migrations.AddField(
            model_name="site",
            name="retired_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    )
