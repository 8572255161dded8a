"""Is it alive, is it ready, and how is it doing: for supervisors and for the company's own Prometheus."""

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from inference_kpis.readings import own_metrics, store


@require_safe
def alive(request: HttpRequest) -> HttpResponse:
    """200 while this process answers; touches nothing else."""
    return HttpResponse("ok\n", content_type="text/plain")


@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers; with `?kpis=1` only once a reading has been rolled up."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        version = store.version()
    except Error:
        return JsonResponse({"database": False, "message": "The database does not answer."}, status=503)
    has_kpis = version > 0
    status = 503 if request.GET.get("kpis") and not has_kpis else 200
    return JsonResponse({"database": True, "kpis": has_kpis}, status=status)


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """The product's own metrics, in Prometheus text; every figure is read from PostgreSQL, so any process may answer."""
    body, content_type = own_metrics.exposition(request.headers.get("Accept", ""))
    return HttpResponse(body, content_type=content_type)
