"""AWS: services of ECS, Auto Scaling groups, records of Route 53, flags of flagd in a bucket of S3."""

from ._asg import asg
from ._ecs import ecs
from ._flagd import flagd
from ._route53 import route53

__all__ = ["asg", "ecs", "flagd", "route53"]
