"""An `alertmanager.yml`, translated into a configuration file of ours, with a note on each thing that could not be.

https://prometheus.io/docs/alerting/latest/configuration/
"""

from .translate import Imported, Note, translate

__all__ = ["Imported", "Note", "translate"]
