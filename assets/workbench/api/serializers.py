"""What the workbench answers."""

from typing import Any

from rest_framework import serializers


class ChoiceSerializer(serializers.Serializer[Any]):
    value = serializers.CharField()
    title = serializers.CharField(help_text="In the reader's language")


class ElementColumnSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    title = serializers.CharField(help_text="In the reader's language")
    type = serializers.CharField(help_text="text, number, integer, truth, date or choice")
    unit = serializers.CharField(allow_blank=True)
    choices = ChoiceSerializer(many=True)


class ElementRowSerializer(serializers.Serializer[Any]):
    """The attributes of the class stand beside these, under the names of the columns."""

    uid = serializers.UUIDField()
    kind = serializers.CharField()
    code = serializers.CharField()
    version = serializers.IntegerField(help_text="For If-Match of an edit")
    lon = serializers.FloatField(help_text="Of its middle, degrees")
    lat = serializers.FloatField()
    bbox = serializers.ListField(child=serializers.FloatField(), help_text="west, south, east, north")

    def get_fields(self) -> dict[str, Any]:
        # "class" cannot be an attribute of a class in Python.
        return {"class": serializers.ChoiceField(choices=["pipe", "node"]), **super().get_fields()}


class ElementPageSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField(help_text="Of all that are found")
    is_counted = serializers.BooleanField(help_text="False: there are more than count")
    columns = ElementColumnSerializer(many=True)
    results = ElementRowSerializer(many=True)


class ElementFieldSerializer(ElementColumnSerializer):
    name = serializers.CharField(help_text="In the operation that sets it")
    column = serializers.CharField(help_text="In the table of elements")
    factor = serializers.FloatField(help_text="What is shown is what is kept times this")
    suggestions = ChoiceSerializer(many=True, help_text="Usual values of a text")
    is_required = serializers.BooleanField(help_text="A new element is refused without it")
    is_expected = serializers.BooleanField(help_text="Validation asks for it")
    least = serializers.FloatField(allow_null=True, help_text="As shown")
    most = serializers.FloatField(allow_null=True, help_text="As shown")
    longest = serializers.IntegerField(allow_null=True, help_text="Characters of a text")
    default = serializers.JSONField(allow_null=True, help_text="As shown")
    is_detail = serializers.BooleanField(help_text="Whether it goes into `details`")
    operation = serializers.CharField(help_text="The operation of an edit that sets it")
    path = serializers.CharField(help_text="Where its value goes in the operation, with full stops")


class LineFormSerializer(serializers.Serializer[Any]):
    title = serializers.CharField()
    fields_ = ElementFieldSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        # "fields" is a serializer's own attribute.
        named = super().get_fields()
        return {**named, "fields": named.pop("fields_")}


class NodeFormSerializer(LineFormSerializer):
    is_device = serializers.BooleanField(help_text="It sits in a line: place_device")
    needs_details = serializers.BooleanField()


class LifecycleSerializer(serializers.Serializer[Any]):
    choices = ChoiceSerializer(many=True)
    transitions = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), help_text="What may follow each state"
    )


class DrawnTemplateSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    title = serializers.CharField()
    element = serializers.CharField(help_text="line or node")
    kind = serializers.CharField(help_text="pipe or a kind of node")
    values = serializers.DictField(help_text="As add_pipe takes them")
    details = serializers.DictField(help_text="As add_node and place_device take them")


class ElementFormsSerializer(serializers.Serializer[Any]):
    network = serializers.CharField()
    commodity = serializers.CharField()
    headloss_formula = serializers.CharField()
    lifecycle = LifecycleSerializer()
    line = LineFormSerializer()
    nodes = serializers.DictField(child=NodeFormSerializer(), help_text="By kind")
    templates = DrawnTemplateSerializer(many=True)


class ServedConsumerSerializer(serializers.Serializer[Any]):
    account_uid = serializers.UUIDField()
    account = serializers.CharField()
    contract = serializers.CharField()
    registry_number = serializers.CharField()
    name = serializers.CharField()
    address = serializers.CharField()
    phone = serializers.CharField(allow_blank=True)
    is_priority = serializers.BooleanField()
    kind = serializers.CharField()
    page = serializers.CharField(help_text="The account's page")


class ServedConsumersSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    priority_count = serializers.IntegerField()
    is_listed = serializers.BooleanField(help_text="Whether the viewer may see who they are")
    is_truncated = serializers.BooleanField(help_text="Whether more are served than are listed")
    results = ServedConsumerSerializer(many=True)


class SimulatedPipesSerializer(serializers.Serializer[Any]):
    uid = serializers.ListField(child=serializers.UUIDField())
    flow_m3h = serializers.ListField(
        child=serializers.FloatField(allow_null=True), help_text="From start to end"
    )
    velocity_m_s = serializers.ListField(child=serializers.FloatField(allow_null=True))


class SimulatedNodesSerializer(serializers.Serializer[Any]):
    uid = serializers.ListField(child=serializers.UUIDField())
    pressure_m = serializers.ListField(child=serializers.FloatField(allow_null=True))
    head_m = serializers.ListField(child=serializers.FloatField(allow_null=True))


class SimulatedValuesSerializer(serializers.Serializer[Any]):
    """Columns of values at one instant; the first uid goes with the first value."""

    time_s = serializers.IntegerField(help_text="The instant, seconds since the beginning")
    times_s = serializers.ListField(child=serializers.IntegerField(), help_text="All instants of the run")
    pipes = SimulatedPipesSerializer()
    nodes = SimulatedNodesSerializer()


class LowPressureSerializer(serializers.Serializer[Any]):
    uid = serializers.UUIDField()
    kind = serializers.CharField()
    code = serializers.CharField()
    lon = serializers.FloatField()
    lat = serializers.FloatField()
    zone = serializers.CharField(allow_null=True)
    pressure_m = serializers.FloatField(help_text="The lowest of the run")
    time_s = serializers.IntegerField(help_text="When it is lowest first")


class LowPressuresSerializer(serializers.Serializer[Any]):
    below_m = serializers.FloatField()
    count = serializers.IntegerField()
    results = LowPressureSerializer(many=True)
