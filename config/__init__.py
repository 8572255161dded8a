"""Settings, root URLs, the Celery app and the launcher; no models."""

from config.celery import app as celery_app

__all__ = ["celery_app"]
