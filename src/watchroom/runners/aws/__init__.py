"""AWS: services of ECS, Auto Scaling groups, records of Route 53."""

from ._asg import asg
from ._ecs import ecs
from ._route53 import route53

__all__ = ["asg", "ecs", "route53"]
