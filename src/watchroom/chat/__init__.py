"""What comes back from chats, and messages that change with what they are about."""
