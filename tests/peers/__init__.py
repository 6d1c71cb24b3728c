"""Real programs for tests and benchmarks to talk to. Each is started when first asked for, on free ports.

Nothing here touches a service that the machine itself runs: data goes to temporary directories.
"""
