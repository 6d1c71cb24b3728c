"""Whatever can only send mail: through Watchroom's own SMTP listener, or through a mail service's webhook."""

from .source import Email

source = Email()

__all__ = ["source"]
