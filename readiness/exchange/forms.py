"""The form of a file with answers."""

from django import forms
from django.utils.translation import gettext_lazy as _


class AnswerFileForm(forms.Form):
    file = forms.FileField(
        label=_("File with answers"),
        widget=forms.FileInput(attrs={"accept": ".xlsx,.csv,.json"}),
        help_text=_("An export or a filled-in template: XLSX, CSV or JSON, 4 MiB at most."),
        error_messages={"required": _("Choose a file."), "empty": _("The file is empty. Choose another one.")},
    )
