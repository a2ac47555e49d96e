"""Addresses of the feeds' REST views, below /api/v1/."""

from django.urls import path
from rest_framework.routers import SimpleRouter

from sensors.feeds.api.views import (
    FeedFileViewSet,
    FeedingDatastreamViewSet,
    FeedProfileViewSet,
    FeedSourceViewSet,
    QuarantinedRowViewSet,
    TopicPrefixViewSet,
)
from sensors.feeds.api.webhooks import ChirpstackView, ThingsStackView

router = SimpleRouter()
router.register("feeds/profiles", FeedProfileViewSet, basename="feed-profile")
router.register("feeds/sources", FeedSourceViewSet, basename="feed-source")
router.register("feeds/files", FeedFileViewSet, basename="feed-file")
router.register("feeds/quarantine", QuarantinedRowViewSet, basename="quarantined-row")
router.register("feeds/topic-prefixes", TopicPrefixViewSet, basename="topic-prefix")
router.register("feeds/datastreams", FeedingDatastreamViewSet, basename="feeding-datastream")

urlpatterns = [
    path("feeds/lorawan/chirpstack/", ChirpstackView.as_view(), name="lorawan-chirpstack"),
    path("feeds/lorawan/ttn/", ThingsStackView.as_view(), name="lorawan-ttn"),
    *router.urls,
]
