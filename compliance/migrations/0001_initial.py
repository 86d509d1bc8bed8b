import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('inventory', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScoreSnapshot',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('framework', models.CharField(max_length=60)),
                ('day', models.DateField()),
                ('at', models.DateTimeField()),
                ('met', models.PositiveIntegerField()),
                ('failed', models.PositiveIntegerField()),
                ('waived', models.PositiveIntegerField()),
                ('not_assessed', models.PositiveIntegerField()),
                ('not_applicable', models.PositiveIntegerField()),
                ('out_of_scope', models.PositiveIntegerField()),
                ('tallies', models.JSONField()),
                ('source', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='inventory.source')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('source', 'framework', 'day'), name='score_identity')],
            },
        ),
    ]
