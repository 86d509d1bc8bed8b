"""What a client was told."""

import pytest
from botocore.exceptions import ClientError


def refused(call, **params):
    """The code of the error that `call` answers with."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["Error"]["Code"]


def status_of(call, **params):
    with pytest.raises(ClientError) as caught:
        call(**params)
    return caught.value.response["ResponseMetadata"]["HTTPStatusCode"]
