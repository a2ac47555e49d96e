from gis_core.models.audit import AuditEvent
from gis_core.models.divisions import Division, Enterprise, Street
from gis_core.models.idempotency import KeptAnswer
from gis_core.models.jobs import Job
from gis_core.models.messages import (
    MESSAGE_LANGUAGES,
    Message,
    MessageGateway,
    MessageMedium,
    MessageState,
)
from gis_core.models.sign_in import OpenSession, Passkey, RecoveryCode, SecondFactor
from gis_core.models.two_people import WaitingAct
from gis_core.models.users import ApiToken, RoleAssignment, User

__all__ = [
    "MESSAGE_LANGUAGES",
    "ApiToken",
    "AuditEvent",
    "Division",
    "Enterprise",
    "Job",
    "KeptAnswer",
    "Message",
    "MessageGateway",
    "MessageMedium",
    "MessageState",
    "OpenSession",
    "Passkey",
    "RecoveryCode",
    "RoleAssignment",
    "SecondFactor",
    "Street",
    "User",
    "WaitingAct",
]
