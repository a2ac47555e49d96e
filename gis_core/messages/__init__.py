"""The one outbox of the product: SMS, e-mail and webhooks, written with the event and sent afterwards."""
