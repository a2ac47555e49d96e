"""The words of the models' choices, which Django's message extraction must find to have them translated.

The models keep them in English, as identifiers of the trade; pages translate them when they show them.
"""

from django.utils.translation import gettext_noop as _

MODEL_WORDS = (
    # kinds of assets
    _("junction"),
    _("tank"),
    _("reservoir"),
    _("source"),
    _("treatment plant"),
    _("pumping station"),
    _("substation"),
    _("distribution centre"),
    _("pump"),
    _("valve"),
    _("regulator"),
    _("hydrant"),
    _("bulk meter"),
    # lifecycles and states
    _("planned"),
    _("under construction"),
    _("in service"),
    _("out of service"),
    _("removed"),
    _("open"),
    _("closed"),
    # a zone's edge
    _("inlet"),
    _("outlet"),
    _("storage"),
    _("closed boundary"),
    # roles
    _("engineer"),
    _("loss analyst"),
    _("field crew"),
    _("billing clerk"),
    _("cashier"),
    _("manager"),
    _("administrator"),
    _("auditor"),
    # billing
    _("household"),
    _("legal entity"),
    _("read by staff"),
    _("sent by the subscriber"),
    _("sent by the meter"),
    _("imported"),
    _("accepted"),
    _("queued for a decision"),
    _("superseded"),
    _("cash desk"),
    _("bank"),
    # jobs
    _("import network"),
    _("compute balances"),
    _("run billing"),
)
