"""What workspaces measure of a team, beside the KPIs: shares in percent that bindings judge as they judge KPIs."""

from django.utils.translation import gettext_lazy as _

from inference_kpis.catalogue import Constant, Direction, Kpi


def _figure(key: str, label: object, description: object) -> Kpi:
    # Shown as KPIs are: in percent, more is better. It is reported and not computed, so nothing evaluates the formula.
    return Kpi(key, label, "%", Direction.HIGHER, Constant(0.0), description, decimals=1)  # type: ignore[arg-type]


FIGURES: dict[str, Kpi] = {
    figure.key: figure
    for figure in (
        _figure(
            "live_success_metrics",
            _("Live success metrics"),
            _("The share of the team’s success metrics whose KPI has a fresh value."),
        ),
        _figure(
            "bound_practices",
            _("Bound practices"),
            _("The share of the measurable practices that the team answered whose level a binding watches."),
        ),
    )
}
