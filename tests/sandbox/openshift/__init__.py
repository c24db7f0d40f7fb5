"""OpenShift clusters that never were: their hourly reports as files, of any size, without holding them in memory."""

from tests.sandbox.openshift.clusters import Fleet
from tests.sandbox.openshift.files import write

__all__ = ["Fleet", "write"]
