"""What the documentation says of the bodies. Batches are checked by `push.batch`, as columns, and not by these."""

from rest_framework import serializers


class DistributionIn(serializers.Serializer):
    bounds = serializers.ListField(
        child=serializers.FloatField(), help_text="Strictly rising upper bounds, without +Inf."
    )
    counts = serializers.ListField(
        child=serializers.IntegerField(min_value=0), help_text="Observations per bucket, one more than bounds."
    )
    sum = serializers.FloatField(min_value=0, help_text="Sum of the observations, in the measure's unit.")


class ReadingIn(serializers.Serializer):
    node = serializers.CharField(max_length=200)
    model = serializers.CharField(
        max_length=200, required=False, help_text="Empty for what belongs to the node itself."
    )
    start = serializers.DateTimeField()
    end = serializers.DateTimeField()
    increases = serializers.DictField(child=serializers.FloatField(min_value=0), required=False)
    levels = serializers.DictField(child=serializers.FloatField(min_value=0), required=False)
    distributions = serializers.DictField(child=DistributionIn(), required=False)


class ReadingBatchIn(serializers.Serializer):
    readings = ReadingIn(many=True)


class RefusalOut(serializers.Serializer):
    index = serializers.IntegerField(help_text="Position in the batch, from 0.")
    code = serializers.CharField()
    message = serializers.CharField()


class ReadingBatchOut(serializers.Serializer):
    stored = serializers.IntegerField()
    repeated = serializers.IntegerField()
    refused = RefusalOut(many=True)


class ErrorOut(serializers.Serializer):
    code = serializers.CharField()
    message = serializers.CharField()
    fields = serializers.DictField(  # type: ignore[assignment]  # the name is that of the answer
        child=serializers.ListField(child=serializers.CharField())
    )


class OtlpPartialSuccessOut(serializers.Serializer):
    rejectedDataPoints = serializers.CharField(help_text="How many points were refused, a whole number as text.")
    errorMessage = serializers.CharField()


class OtlpOut(serializers.Serializer):
    partialSuccess = OtlpPartialSuccessOut(required=False)


class OtlpErrorOut(serializers.Serializer):
    """A `google.rpc.Status`."""

    code = serializers.IntegerField()
    message = serializers.CharField()
