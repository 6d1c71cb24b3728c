"""What SMS and voice share: numbers, accounts with telephone providers, and the texts that fit into a message.

Accounts come from ``WATCHROOM_PHONE_URLS``; each is asked in turn until one takes the message.
"""
