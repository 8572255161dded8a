from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = (("inference_kpis", "0011_pulltls_certificates_of_nodes"),)
    operations = (
        migrations.AddField(
            model_name="site",
            name="retired_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
    )
