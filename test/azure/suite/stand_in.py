"""What Microsoft's published tests of azure-keyvault-secrets import and Microsoft does not publish: every test is live.

Nothing is recorded, and nothing is played back, so whatever cleans recordings does nothing. The published tests run one
api-version when they are live; the question that they ask for that is answered so that they run each of them. They wait
for a cloud, which takes seconds for what is done here at once: a wait is as short as two times of whole seconds can be.
"""

import asyncio
import functools
import hashlib
import sys
import time

import pytest

from azure.identity import DefaultAzureCredential
from azure.identity.aio import DefaultAzureCredential as AsyncDefaultAzureCredential

WAIT_SECONDS_MAX = 1.05
_sleep = time.sleep
_sleep_async = asyncio.sleep
time.sleep = lambda seconds: _sleep(min(seconds, WAIT_SECONDS_MAX))
asyncio.sleep = lambda seconds, *rest: _sleep_async(min(seconds, WAIT_SECONDS_MAX), *rest)


def is_live():
    return sys._getframe(1).f_code.co_name != "_skip_if_not_configured"


def recorded_by_proxy(test):
    return test


@pytest.fixture(scope="session")
def test_proxy():
    return None


def _nothing(*args, **kwargs):
    return None


add_oauth_response_sanitizer = _nothing
add_general_regex_sanitizer = _nothing
add_body_key_sanitizer = _nothing
add_remove_header_sanitizer = _nothing
remove_batch_sanitizers = _nothing
set_custom_default_matcher = _nothing


class AzureRecordedTestCase:
    is_live = True
    in_recording = False

    def get_resource_name(self, name):
        """One for each test and run, as the recorder makes them."""
        return name + hashlib.sha256(f"{sys._getframe(1).f_code.co_name}{id(self)}{name}".encode()).hexdigest()[:8]

    def get_credential(self, client_class, is_async=False, **kwargs):
        return AsyncDefaultAzureCredential() if is_async else DefaultAzureCredential()

    def create_client_from_credential(self, client_class, credential, **kwargs):
        kwargs.setdefault("logging_enable", True)
        return client_class(credential=credential, **kwargs)

    @staticmethod
    def await_prepared_test(test):
        @functools.wraps(test)
        def run(self, *args, **kwargs):
            return asyncio.run(test(self, *args, **kwargs))

        return run


class AzureMgmtPreparer:
    def __init__(self, *args, **kwargs):
        raise NotImplementedError("nothing is made by Azure's resource manager")
