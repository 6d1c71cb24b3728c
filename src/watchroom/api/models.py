"""What the API remembers of writes, so that one sent twice is done once."""

from __future__ import annotations

from django.db import models

from ..accounts.models import Person
from ..kernel.fields import EncryptedJSON


class IdempotencyKey(models.Model):
    """The answer given to a write, kept for a day and given again when the same key comes back."""

    person = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=200)
    request_hash = models.CharField(max_length=64)
    created_at = models.DateTimeField(db_index=True)
    status = models.PositiveSmallIntegerField(null=True)  # null while the first request is still being carried out
    body = EncryptedJSON(null=True)  # an answer may hold a secret that is shown once

    class Meta:
        constraints = (models.UniqueConstraint(fields=("person", "key"), name="one_answer_per_key"),)

    def __str__(self) -> str:
        return self.key
