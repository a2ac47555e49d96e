"""JSON form of messages. Recipients are masked, texts are not told: they may hold what only the recipient may read."""

from typing import Any

from rest_framework import serializers

from gis_core.messages.selectors.texts import masked
from gis_core.models import Message


class MessageSerializer(serializers.ModelSerializer):
    recipient = serializers.SerializerMethodField()
    division: Any = serializers.CharField(source="division.code", read_only=True)
    state: Any = serializers.CharField(read_only=True)
    medium = serializers.CharField(read_only=True)

    class Meta:
        model = Message
        fields = [
            *(
                "uid",
                "division",
                "event",
                "event_key",
                "medium",
                "recipient",
                "language",
                "state",
                "attempts",
            ),
            *("next_attempt_at", "created_at", "sent_at", "delivered_at", "gateway_id", "last_error"),
        ]

    def get_recipient(self, message: Message) -> str:
        return masked(message.recipient)
