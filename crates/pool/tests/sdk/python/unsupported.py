"""The operations of Cognito that the pool leaves out say so."""

from pool import *


def run():
    blind = sdk(URL, parameter_validation=False)
    served = {name for name in blind.meta.service_model.operation_names}
    assert served == set(MODEL["operations"]) | set(MODEL["others"])
    for operation in MODEL["others"]:
        message = refused("OperationNotEnabledException", method(operation, blind))
        assert message == f"{operation} is not offered by the local user pool."
