"""Every declared error that no ordinary use gives comes by a fault, and is boto3's own class."""

from pool import *


def run():
    for operation in MODEL["operations"]:
        call, errors = method(operation), cognito.exceptions
        for name in declared(operation):
            if name in record.outcomes[operation]["errors"]:
                continue
            assert local("faults", {"op": operation, "type": name})["declared"] == declared(operation)
            try:
                call(**example(operation))
                raise AssertionError(f"{operation} did not fail with {name}")
            except errors.ClientError as error:
                told = error.response
                assert type(error) is getattr(errors, name), f"{operation}: {error!r} instead of {name}"
                status = 500 if name == "InternalErrorException" else 400
                assert told["ResponseMetadata"]["HTTPStatusCode"] == status
                assert told["Error"]["Message"] == record.FAULT
