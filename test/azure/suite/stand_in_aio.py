"""The same for asynchronous tests."""


def recorded_by_proxy_async(test):
    return test
